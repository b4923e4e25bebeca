//! Header names that a configuration gives: of headers that the 503 gets, and of the
//! header that carries a token.

use serde::Deserialize;

use crate::error::Error;
use crate::limits::MAX_HEADER_NAME_BYTES;
use crate::token::is_token;

/// Headers that a configuration may not add. The filter, the proxy or HTTP
/// itself sets them, and a second value would contradict the first: framing,
/// connection-specific fields
/// ([RFC 9110, section 7.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1))
/// and the fields that make up the meaning of the 503. [`FAILS_HEALTH_CHECKS`] is
/// refused because it would take the host out of service.
pub const OWNED_HEADER_NAMES: [&str; 16] = [
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "grpc-message",
    "grpc-status",
    "keep-alive",
    "proxy-connection",
    "retry-after",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    FAILS_HEALTH_CHECKS,
];
/// Header that makes the health checks of a calling Envoy take the host out of
/// service.
const FAILS_HEALTH_CHECKS: &str = "x-envoy-immediate-health-check-fail";

pub(crate) const RULE: &str = "a header name must be of letters, digits and !#$%&'*+-.^_`|~";
#[cfg(not(target_arch = "wasm32"))]
pub(crate) const PATTERN: &str = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$";

/// A header name, in lower case. It is none of [`OWNED_HEADER_NAMES`].
#[derive(Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub struct HeaderName(String);

impl HeaderName {
    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for HeaderName {
    type Error = Error;

    fn try_from(mut name: String) -> Result<Self, Error> {
        name.make_ascii_lowercase();
        if name == FAILS_HEALTH_CHECKS {
            Err(Error::new("this header would make Envoy take the host out of service"))
        } else if name.starts_with(':') || OWNED_HEADER_NAMES.contains(&name.as_str()) {
            Err(Error::new("this header is set by the filter or by HTTP itself"))
        } else if name.len() > MAX_HEADER_NAME_BYTES {
            Err(Error::new(format!("a header name must be at most {MAX_HEADER_NAME_BYTES} bytes")))
        } else if is_token(&name) {
            Ok(Self(name))
        } else {
            Err(Error::new(RULE))
        }
    }
}

/// Returns a pattern of header names, in any case.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn any_of(names: &[&str]) -> String {
    let letter = |c: char| match c {
        'a'..='z' => format!("[{}{c}]", c.to_ascii_uppercase()),
        _ => c.to_string(),
    };
    let name = |name: &&str| name.chars().map(letter).collect::<String>();
    format!("^({})$", names.iter().map(name).collect::<Vec<_>>().join("|"))
}
