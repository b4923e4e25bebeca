//! `scope.hosts`: the filter reads a host like a literal reading of the rules in
//! `src/scope.rs`, and like the crate `http` where that accepts the text.
//!
//! ```text
//! shop.example.com:8443
//! *.example.com
//! ```
//!
//! The first line is `:authority`. Each further line is a host of the scope.

#![no_main]

use http::uri::Authority;
use libfuzzer_sys::{Corpus, fuzz_target};
use maintenance_filter::policy::{Decision, Policy};
use maintenance_filter::window::Stage::InForce;
use maintenance_filter_fuzz::support::Head;
use maintenance_filter_fuzz::{assert_schema_accepts, first_line};
use serde_json::json;

fuzz_target!(|input: &[u8]| -> Corpus { decide(input).map_or(Corpus::Reject, |()| Corpus::Keep) });

fn decide(input: &[u8]) -> Option<()> {
    let (authority, patterns) = first_line(input)?;
    let config = json!({"enabled": true, "exemptions": [], "scope": {"hosts": patterns}});
    let policy = Policy::from_json(config.to_string().as_bytes()).ok()?;
    assert_schema_accepts(&config);
    let head = Head::get("/").with(":authority", authority);
    let expected =
        if is_in_scope(authority, &patterns) { Decision::Reject } else { Decision::OutOfScope };
    let shown = format!("{} with {config}", authority.escape_ascii());
    assert_eq!(policy.decide(InForce, &head), expected, "{shown}");
    Some(())
}

fn is_in_scope(authority: &[u8], patterns: &[&str]) -> bool {
    let Some(host) = host(authority) else { return true };
    patterns.iter().any(|pattern| matches(pattern, &host))
}

/// Host in lower case; `None` if it is in doubt.
fn host(authority: &[u8]) -> Option<Vec<u8>> {
    if authority.is_empty() || authority.contains(&b'@') {
        return None;
    }
    let text = authority.to_ascii_lowercase();
    let is_address = text[0] == b'[';
    let mut host = Vec::new();
    for byte in text {
        if byte == b':' && !is_address {
            break;
        }
        host.push(byte);
        if byte == b']' && is_address {
            break;
        }
    }
    if let Ok(parsed) = Authority::try_from(authority) {
        assert_eq!(parsed.host().to_ascii_lowercase().as_bytes(), host, "{parsed}");
    }
    if !is_address && host.last() == Some(&b'.') {
        host.pop();
    }
    (!host.is_empty()).then_some(host)
}

/// Compares label by label, from the end.
fn matches(pattern: &str, host: &[u8]) -> bool {
    if pattern.starts_with('[') {
        return host.starts_with(b"[") || host == pattern.as_bytes();
    }
    let mut labels = host.split(|byte| *byte == b'.').rev();
    for expected in pattern.split('.').rev() {
        if expected == "*" {
            let below: Vec<&[u8]> = labels.collect();
            return below.len() > 1 || below.first().is_some_and(|label| !label.is_empty());
        }
        if labels.next() != Some(expected.as_bytes()) {
            return false;
        }
    }
    labels.next().is_none()
}
