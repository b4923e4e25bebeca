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

/// Outcome of one target.
pub struct Row {
    /// Target as sent.
    pub target: &'static [u8],
    /// Outcome at each upstream without a proxy, over HTTP/1.1.
    pub direct: Vec<Outcome>,
    /// Outcomes through the proxy, for each way to normalize a path.
    pub proxied: Vec<Vec<Attempt>>,
}

/// A request through the proxy.
pub struct Attempt {
    /// Description of the exchange for a report: the upstream, the HTTP version and so on.
    pub description: String,
    /// Outcome of the exchange.
    pub outcome: Outcome,
}

/// Rows by the kind of trick.
pub type Sections = Vec<(&'static str, Vec<Row>)>;

/// Sends each target to each upstream, without a proxy and through it.
async fn attempt_all(configuration: &str) -> Sections {
    let folder = TempDir::new().expect("a temporary folder");
    let upstreams = upstreams::start_all(folder.path()).await;
    let proxy = Proxy::start(&upstreams, configuration).await;
    let mut sections = Vec::new();
    for (kind, targets) in TRICKS {
        let mut rows = Vec::new();
        for target in *targets {
            rows.push(attempt(target, &upstreams, &proxy).await);
        }
        sections.push((*kind, rows));
    }
    sections
}

async fn attempt(target: &'static [u8], upstreams: &[Upstream], proxy: &Proxy) -> Row {
    let mut row = Row { target, direct: Vec::new(), proxied: Vec::new() };
    for upstream in upstreams {
        row.direct.push(over_http1(upstream.address, upstream.name, target).await);
    }
    for (normalization, address) in NORMALIZATIONS.iter().zip(proxy.listeners) {
        let mut attempts = Vec::new();
        for upstream in upstreams {
            let one = over_http1(address, upstream.name, target).await;
            let two = over_http2(address, upstream.name, target).await;
            for (http, outcome) in [("HTTP/1.1", one), ("HTTP/2", two)] {
                let description = format!(
                    "{} to {} over {http}, normalization {}",
                    target.escape_ascii(),
                    upstream.name,
                    normalization.name
                );
                attempts.push(Attempt { description, outcome });
            }
        }
        row.proxied.push(attempts);
    }
    row
}

/// Asserts that no upstream got a request and read a path that `is_escape`.
fn assert_no_escape(sections: &Sections, is_escape: impl Fn(&[u8]) -> bool) {
    let rows = sections.iter().flat_map(|(_, rows)| rows);
    let attempts = rows.flat_map(|row| row.proxied.iter().flatten());
    let escapes: Vec<_> = attempts
        .filter_map(|attempt| match &attempt.outcome {
            Outcome::Seen(path) if is_escape(path) => {
                Some(format!("{}: read as {}", attempt.description, path.escape_ascii()))
            }
            _ => None,
        })
        .collect();
    assert!(escapes.is_empty(), "{} escapes:\n{}", escapes.len(), escapes.join("\n"));
}

/// Returns whether a path is `folder` or below it.
fn is_below(folder: &[u8], path: &[u8]) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_trick_reaches_a_path_that_is_not_exempt() {
    let exemption = r#"{"enabled": true, "exemptions": [{"pathPrefix": "/public/"}]}"#;
    let sections = attempt_all(exemption).await;
    assert_tricks_are_real(&sections);
    assert_no_escape(&sections, |path| !is_below(b"/public", path));
    page::assert_current(&sections);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_trick_leaves_the_scope() {
    let scope = r#"{"enabled": true, "exemptions": [], "scope": {"pathPrefixes": ["/private/"]}}"#;
    let sections = attempt_all(scope).await;
    assert_no_escape(&sections, |path| is_below(b"/private", path));
}

/// Asserts that the suite would notice an escape: without a proxy, tricks do
/// reach `/private/a` at every upstream, and with it the plain path passes.
fn assert_tricks_are_real(sections: &Sections) {
    let rows = || sections.iter().flat_map(|(_, rows)| rows);
    let reached = Outcome::Seen(b"/private/a".to_vec());
    let starts_below = |row: &&Row| row.target.starts_with(b"/public/");
    for (index, name) in upstreams::NAMES.iter().enumerate() {
        let count = rows().filter(starts_below).filter(|row| row.direct[index] == reached).count();
        assert!(count >= 10, "only {count} tricks work at {name}");
    }
    let plain = rows().find(|row| row.target == b"/public/a").expect("the plain path");
    let passed = Outcome::Seen(b"/public/a".to_vec());
    for attempt in plain.proxied.iter().flatten() {
        assert_eq!(attempt.outcome, passed, "{}", attempt.description);
    }
}
