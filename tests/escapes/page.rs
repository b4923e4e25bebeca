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

What becomes of a request whose target one program reads as a path below `/public/` and another one as a path outside of it,
with `{\"exemptions\": [{\"pathPrefix\": \"/public/\"}]}` in force. `make test-escapes` sends each target over HTTP/1.1 and
HTTP/2 through a real Envoy to each upstream and compares this page. It fails if an upstream reads the path of a request that
it gets as one outside of `/public/`.

The first columns tell how each upstream reads the target without a proxy: nginx by `$uri`, Node's `http` by `URL` and
`decodeURIComponent`, Python's `http.server` and Go's `http.FileServer` by the file they open. A dash means that it refuses
the request. The last columns tell what happens in the proxy, by Istio's `pathNormalization` (`none` is Envoy's default):
`503` is the filter's, a dash means that Envoy or the upstream refuses the request, and a path is one that an upstream got
and read so. Where HTTP/1.1 and HTTP/2 or two upstreams differ, the cell has every outcome. Bytes beyond ASCII and control
characters are written as `\\x` and two digits.
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
        let columns = [&NAMES[..], &normalizations].concat();
        let rule = "|---".repeat(columns.len() + 1);
        let _ = write!(
            page,
            "\n## {}\n\n| target | {} |\n{rule}|\n",
            capital(kind),
            columns.join(" | ")
        );
        for row in rows {
            let _ = write!(page, "| {}", code(row.target));
            for outcome in &row.direct {
                let _ = write!(page, " | {}", cell(outcome));
            }
            for attempts in &row.proxied {
                let mut distinct: Vec<_> =
                    attempts.iter().map(|attempt| &attempt.outcome).collect();
                distinct.sort();
                distinct.dedup();
                let cells: Vec<_> = distinct.into_iter().map(cell).collect();
                let _ = write!(page, " | {}", cells.join(", "));
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
