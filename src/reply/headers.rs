//! The headers of a reply.

use alloc::string::String;
use alloc::vec::Vec;

use crate::error::Allowed;
use crate::text::{all, decimal};
use crate::token::is_token;

/// The content type of a 503 whose configuration does not name one.
pub const DEFAULT_CONTENT_TYPE: &str = "application/json";
/// Headers that the filter, the proxy or HTTP itself sets: a second value
/// would contradict the message (framing, connection-specific fields of
/// [RFC 9110, section 7.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1))
/// or the reply's meaning.
pub const OWNED_HEADER_NAMES: [&str; 15] = [
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
];

/// A reply of now says nothing of later.
const CACHE_CONTROL: (&str, &str) = ("cache-control", "no-store");

/// A header's name, in lower case.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HeaderName(String);

impl TryFrom<String> for HeaderName {
    type Error = Allowed;

    /// # Errors
    /// `name` is not a token, or is one that the filter or HTTP itself owns.
    fn try_from(mut name: String) -> Result<Self, Allowed> {
        name.make_ascii_lowercase();
        if name.starts_with(':') || OWNED_HEADER_NAMES.contains(&name.as_str()) {
            Err(Allowed("this header is set by the filter or by HTTP itself"))
        } else if is_token(&name) {
            Ok(Self(name))
        } else {
            Err(Allowed("a header name must be of letters, digits and !#$%&'*+-.^_`|~"))
        }
    }
}

/// A header's value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HeaderValue(String);

impl TryFrom<String> for HeaderValue {
    type Error = Allowed;

    /// # Errors
    /// `value` is not a field value of
    /// [RFC 9110, section 5.5](https://www.rfc-editor.org/rfc/rfc9110#section-5.5).
    fn try_from(value: String) -> Result<Self, Allowed> {
        let allowed = |byte: u8| !byte.is_ascii_control() || byte == b'\t';
        let space = |end: Option<&u8>| matches!(end, Some(b' ' | b'\t'));
        let bytes = value.as_bytes();
        if space(bytes.first()) || space(bytes.last()) || !all(&value, allowed) {
            Err(Allowed("must be a header value: no control characters, no space at either end"))
        } else {
            Ok(Self(value))
        }
    }
}

/// A `content-type`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ContentType(HeaderValue);

impl Default for ContentType {
    fn default() -> Self {
        Self(HeaderValue(DEFAULT_CONTENT_TYPE.into()))
    }
}

impl TryFrom<String> for ContentType {
    type Error = Allowed;

    /// # Errors
    /// `value` is empty or not a header value.
    fn try_from(value: String) -> Result<Self, Allowed> {
        if value.is_empty() {
            return Err(Allowed("must not be empty"));
        }
        HeaderValue::try_from(value).map(Self)
    }
}

/// The headers of a reply.
#[derive(Debug, Default)]
pub struct Headers {
    count: usize,
    /// The length of each name and value.
    sizes: Vec<u8>,
    /// Each name and value, ended by a zero byte, which none has in it.
    texts: Vec<u8>,
}

impl Headers {
    /// Those of every 503; clients may come back after `retry_after` seconds.
    #[must_use]
    pub fn maintenance(retry_after: usize, ContentType(content_type): &ContentType) -> Self {
        let mut headers = Self::default();
        headers.push("retry-after", &decimal(retry_after));
        headers.push("content-type", &content_type.0);
        headers.push(CACHE_CONTROL.0, CACHE_CONTROL.1);
        headers
    }

    /// Those of a 200 for an exempt request.
    #[must_use]
    pub fn exempt() -> Self {
        let mut headers = Self::default();
        headers.push(CACHE_CONTROL.0, CACHE_CONTROL.1);
        headers
    }

    /// Adds a header behind those that are there.
    pub fn add(&mut self, HeaderName(name): &HeaderName, HeaderValue(value): &HeaderValue) {
        self.push(name, value);
    }

    fn push(&mut self, name: &str, value: &str) {
        self.count = self.count.saturating_add(1);
        for text in [name, value] {
            self.sizes.extend_from_slice(&number(text.len()));
            self.texts.extend_from_slice(text.as_bytes());
            self.texts.push(0);
        }
    }

    /// A header map as the proxy-wasm ABI passes it: the number of pairs, the
    /// length of each name and value, then all of them.
    pub(super) fn serialized(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in [&number(self.count)[..], &self.sizes, &self.texts] {
            bytes.extend_from_slice(part);
        }
        bytes
    }
}

/// 32 bits, little-endian.
fn number(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes()
}
