//! Content negotiation: a header that follows the grammar of RFC 9110 is read like
//! an independent, literal reading of it. Any other header gets the page only if it
//! names a type of HTML.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use maintenance_filter::policy::Policy;
use maintenance_filter_fuzz::support::{Head, rejection_of};

/// Types of HTML.
const HTML: [&str; 2] = ["text/html", "application/xhtml+xml"];

// `Policy` is not `Sync`.
thread_local! {
    static POLICY: LazyLock<Policy> = LazyLock::new(|| {
        Policy::from_json(br#"{"enabled": true, "response": {"html": "page"}}"#).expect("valid")
    });
}

fuzz_target!(|accept: &[u8]| {
    let head = Head::get("/").with("accept", accept);
    let is_page = POLICY.with(|policy| &*rejection_of(policy, &head).body == "page");
    let shown = accept.escape_ascii();
    match str::from_utf8(accept).ok().and_then(read) {
        Some(ranges) => assert_eq!(is_page, prefers_html(&ranges), "{shown}"),
        None => assert!(!is_page || names_html(accept), "{shown}"),
    }
});

/// Media range of a header.
struct Range {
    media_type: String,
    /// Weight from 0 to 1.
    weight: f64,
}

/// The highest weight of HTML is not 0 and not lower than that of JSON.
fn prefers_html(ranges: &[Range]) -> bool {
    let highest = |is_of_kind: &dyn Fn(&str) -> bool| {
        let of_kind = ranges.iter().filter(|range| is_of_kind(&range.media_type));
        of_kind.map(|range| range.weight).fold(0.0, f64::max)
    };
    let html = highest(&|media_type| HTML.contains(&media_type));
    let json =
        highest(&|media_type| media_type.ends_with("/json") || media_type.ends_with("+json"));
    html > 0.0 && html >= json
}

/// Reads a header by the grammar, from left to right. `None` if it breaks the
/// grammar, and if it has a quoted string with a separator, which the filter does
/// not read: no client is known to send one.
fn read(accept: &str) -> Option<Vec<Range>> {
    let mut ranges = Vec::new();
    for member in accept.split(',') {
        let member = member.trim_matches([' ', '\t']);
        if !member.is_empty() {
            ranges.push(range(member)?);
        }
    }
    Some(ranges)
}

fn range(member: &str) -> Option<Range> {
    let mut parts = member.split(';').map(|part| part.trim_matches([' ', '\t']));
    let (kind, subtype) = parts.next()?.split_once('/')?;
    if !is_token(kind) || !is_token(subtype) || (kind == "*" && subtype != "*") {
        return None;
    }
    let mut range =
        Range { media_type: format!("{kind}/{subtype}").to_ascii_lowercase(), weight: 1.0 };
    let mut is_after_weight = false;
    for part in parts {
        let (name, value) = part.split_once('=')?;
        if is_after_weight || !is_token(name) {
            return None;
        }
        if matches!(name, "q" | "Q") {
            range.weight = weight(value)?;
            is_after_weight = true;
        } else if !is_token(value) && !is_plain_quoted_string(value) {
            return None;
        }
    }
    Some(range)
}

/// `0` or `1`, and optionally a dot and at most three digits.
fn weight(text: &str) -> Option<f64> {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { 'd' } else { c }).collect();
    let is_number = ["d", "d.", "d.d", "d.dd", "d.ddd"].contains(&shape.as_str());
    let weight: f64 = text.parse().ok()?;
    (is_number && weight <= 1.0).then_some(weight)
}

fn is_token(text: &str) -> bool {
    let is_tchar = |c: char| c.is_ascii_graphic() && !r#"(),/:;<=>?@[\]{}""#.contains(c);
    !text.is_empty() && text.chars().all(is_tchar)
}

fn is_plain_quoted_string(text: &str) -> bool {
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| inner.chars().all(|c| c.is_ascii_alphanumeric()))
}

fn names_html(accept: &[u8]) -> bool {
    let accept = accept.to_ascii_lowercase();
    HTML.iter().any(|name| accept.windows(name.len()).any(|window| window == name.as_bytes()))
}
