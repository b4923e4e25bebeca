//! The page `docs/escapes.md`.

use std::fmt::Write as _;
use std::{env, fs};

use harness::repository;

use crate::Sections;
use crate::exchange::Outcome;
use crate::proxy::NORMALIZATIONS;
use crate::upstreams::NAMES;

const INTRODUCTION: &str = "\
# Attempts to escape from an exemption

The exemption `{\"pathPrefix\": \"/public/\"}` lets requests below `/public/` reach the application during maintenance.
`make test-escapes` tries to reach `/private/` through it, with targets that programs read in different ways.

**Result: no upstream got a request whose path it reads as a path outside of `/public/`.** The test sends each target over HTTP/1.1
and HTTP/2 through a real Envoy to each upstream. It fails if an upstream gets such a request, or if this page is not current.

## How to read the tables

- *none*, `BASE`, `DECODE_AND_MERGE_SLASHES`: what happens behind a proxy with this `pathNormalization` of Istio. *none* is
  Envoy's default.
- *nginx*, *Node*, *Python*, *Go*: how each upstream reads the target without a proxy. For nginx this is `$uri`. Node's `http`
  uses `URL` and `decodeURIComponent`. For Python's `http.server` and Go's `http.FileServer` it is the file that they open.
- `503` is the filter's answer. A dash means that Envoy or the upstream refuses the request. A path means that an upstream got
  the request and reads this path.
- If HTTP/1.1 and HTTP/2, or two upstreams, differ, the cell has every outcome.
- Bytes beyond ASCII and control characters are written as `\\x` and two digits.
";

/// Asserts that the page is current, or writes it if `UPDATE` is set.
pub fn assert_current(sections: &Sections) {
    let page = render(sections);
    let file = repository().join("docs/escapes.md");
    if env::var_os("UPDATE").is_some() {
        fs::write(&file, &page).expect("the page written");
    }
    let shipped = fs::read_to_string(&file).unwrap_or_default();
    assert!(shipped == page, "docs/escapes.md is not current: run `make test-escapes UPDATE=1`");
}

fn render(sections: &Sections) -> String {
    let mut page = INTRODUCTION.to_owned();
    for (kind, rows) in sections {
        let normalizations = NORMALIZATIONS.each_ref().map(|it| it.name);
        let columns = [&normalizations[..], &NAMES].concat();
        let rule = "|---".repeat(columns.len() + 1);
        let _ = write!(
            page,
            "\n## {}\n\n| target | {} |\n{rule}|\n",
            capital(kind),
            columns.join(" | ")
        );
        for row in rows {
            let _ = write!(page, "| {}", code(row.target));
            for attempts in &row.proxied {
                let mut distinct: Vec<_> =
                    attempts.iter().map(|attempt| &attempt.outcome).collect();
                distinct.sort();
                distinct.dedup();
                let cells: Vec<_> = distinct.into_iter().map(cell).collect();
                let _ = write!(page, " | {}", cells.join(", "));
            }
            for outcome in &row.direct {
                let _ = write!(page, " | {}", cell(outcome));
            }
            page.push_str(" |\n");
        }
    }
    page
}

fn cell(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Seen(path) => code(path),
        Outcome::Maintenance => "503".into(),
        Outcome::Refused => "–".into(),
    }
}

fn code(bytes: &[u8]) -> String {
    // Code in Markdown takes a backslash as it is, and `escape_ascii` doubles it.
    format!("`{}`", bytes.escape_ascii().to_string().replace("\\\\", "\\"))
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}
