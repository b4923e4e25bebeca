//! Content negotiation
//! ([RFC 9110, section 12.5.1](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1)):
//! whether a client prefers HTML to JSON.
//!
//! 1. Only an explicit `text/html` or `application/xhtml+xml` with a weight above 0
//!    asks for HTML. A wildcard does not: API clients send `*/*`.
//! 2. A JSON type with a higher weight wins.
//! 3. A malformed header asks for nothing.
//!
//! The crate `mediatype` would add 27 KB to the module for this.

/// Returns whether the header `accept` asks for HTML.
pub(super) fn prefers_html(accept: &[u8]) -> bool {
    let Some((html, json)) = str::from_utf8(accept).ok().and_then(highest_weights) else {
        return false;
    };
    html > 0 && html >= json
}

/// Returns the highest weights of an HTML type and of a JSON type, in thousandths;
/// `None` if `accept` is malformed.
fn highest_weights(accept: &str) -> Option<(u16, u16)> {
    let (mut html, mut json) = (0, 0);
    for range in accept.split(',').map(str::trim_ascii).filter(|range| !range.is_empty()) {
        let parts = range.split(';').map(str::trim_ascii);
        let mut parameters = parts.filter(|part| !part.is_empty());
        let media_type = parameters.next()?.to_ascii_lowercase();
        let (_, subtype) = media_type.split_once('/')?;
        let mut weight = 1000;
        for parameter in parameters {
            let (name, value) = parameter.split_once('=')?;
            if name.eq_ignore_ascii_case("q") {
                weight = parse_weight(value)?;
            }
        }
        if matches!(media_type.as_str(), "text/html" | "application/xhtml+xml") {
            html = weight.max(html);
        } else if subtype == "json" || subtype.ends_with("+json") {
            json = weight.max(json);
        }
    }
    Some((html, json))
}

/// Parses a number from 0 to 1 with at most three decimals.
fn parse_weight(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if !matches!(whole, "0" | "1") || decimals.len() > 3 {
        return None;
    }
    let is_digits = decimals.bytes().all(|byte| byte.is_ascii_digit());
    let thousandths = format!("{whole}{decimals:0<3}").parse().ok()?;
    (is_digits && thousandths <= 1000).then_some(thousandths)
}
