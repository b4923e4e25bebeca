//! Attempts to escape from an exemption and from a scope, in front of real
//! upstreams that decode paths differently. The table of what each of them sees is
//! `docs/escapes.md`: `UPDATE=1` writes it, and otherwise the test compares it.

mod exchange;
mod page;
mod proxy;
mod tricks;
mod upstreams;

use tempfile::TempDir;

use crate::exchange::{Outcome, over_http1, over_http2};
use crate::proxy::{NORMALIZATIONS, Proxy};
use crate::tricks::TRICKS;
use crate::upstreams::Upstream;

/// Exempts what is below `/public/`.
const EXEMPTION: &str = r#"{"enabled": true, "exemptions": [{"pathPrefix": "/public/"}]}"#;
/// Applies to what is below `/private/`, and to nothing else.
const SCOPE: &str =
    r#"{"enabled": true, "exemptions": [], "scope": {"pathPrefixes": ["/private/"]}}"#;

/// What became of one target.
pub struct Row {
    /// Target as sent.
    pub target: &'static [u8],
    /// Outcome at each upstream without a proxy, over HTTP/1.1.
    pub direct: Vec<Outcome>,
    /// Outcomes with the exemption at all upstreams and over both versions of HTTP,
    /// for each way to normalize a path.
    pub exemption: Vec<Vec<Outcome>>,
}

/// Sends one target in all ways. Adds every escape to `escapes`.
async fn attempt(
    target: &'static [u8],
    upstreams: &[Upstream],
    proxy: &Proxy,
    escapes: &mut Vec<String>,
) -> Row {
    let mut row = Row { target, direct: Vec::new(), exemption: Vec::new() };
    for upstream in upstreams {
        row.direct.push(over_http1(upstream.address, upstream.name, target).await);
    }
    for (listeners, (rule, is_escape)) in proxy.listeners.iter().zip([
        ("exemption", (|path: &[u8]| !is_below(b"/public", path)) as fn(&[u8]) -> bool),
        ("scope", |path: &[u8]| is_below(b"/private", path)),
    ]) {
        for (normalization, address) in NORMALIZATIONS.iter().zip(listeners) {
            let mut outcomes = Vec::new();
            for upstream in upstreams {
                let one = over_http1(*address, upstream.name, target).await;
                let two = over_http2(*address, upstream.name, target).await;
                for (http, outcome) in [("HTTP/1.1", one), ("HTTP/2", two)] {
                    if let Outcome::Seen(path) = &outcome
                        && is_escape(path)
                    {
                        escapes.push(format!(
                            "{rule}: {} reads {} as {} over {http} with normalization {}",
                            upstream.name,
                            target.escape_ascii(),
                            path.escape_ascii(),
                            normalization.name,
                        ));
                    }
                    outcomes.push(outcome);
                }
            }
            if rule == "exemption" {
                row.exemption.push(outcomes);
            }
        }
    }
    row
}

/// Returns whether a path is `folder` or below it.
fn is_below(folder: &[u8], path: &[u8]) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_trick_reaches_what_is_not_exempt() {
    let folder = TempDir::new().expect("a temporary folder");
    let upstreams = upstreams::start_all(folder.path()).await;
    let proxy = Proxy::start(&upstreams, &[EXEMPTION, SCOPE]).await;
    let mut escapes = Vec::new();
    let mut sections = Vec::new();
    for (kind, targets) in TRICKS {
        let mut rows = Vec::new();
        for target in *targets {
            rows.push(attempt(target, &upstreams, &proxy, &mut escapes).await);
        }
        sections.push((*kind, rows));
    }
    assert_tricks_are_real(&sections);
    page::assert_current(&sections, &upstreams.map(|upstream| upstream.name));
    assert!(escapes.is_empty(), "{} escapes:\n{}", escapes.len(), escapes.join("\n"));
}

/// Asserts that the suite would notice an escape: without a proxy, tricks do
/// reach `/private/a` at every upstream, and with it the plain path passes.
fn assert_tricks_are_real(sections: &[(&str, Vec<Row>)]) {
    let rows = || sections.iter().flat_map(|(_, rows)| rows);
    let reached = Outcome::Seen(b"/private/a".to_vec());
    let starts_below = |row: &&Row| row.target.starts_with(b"/public/");
    for index in 0..4 {
        let count = rows().filter(starts_below).filter(|row| row.direct[index] == reached).count();
        assert!(count >= 3, "only {count} tricks work at upstream {index}");
    }
    let plain = rows().find(|row| row.target == b"/public/a").expect("the plain path");
    let passed = Outcome::Seen(b"/public/a".to_vec());
    for outcomes in &plain.exemption {
        assert!(outcomes.iter().all(|outcome| *outcome == passed), "{outcomes:?}");
    }
}
