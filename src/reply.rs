//! The replies that the proxy sends itself, rendered once.

use crate::error::Allowed;
use crate::token::is_token;

/// The content type of a 503 whose configuration does not name one.
pub const DEFAULT_CONTENT_TYPE: &str = "application/json";
/// The body of a 503 whose configuration does not give one.
pub const DEFAULT_BODY: &str = r#"{"error":"maintenance","message":"The service is down for maintenance. Please retry later."}"#;
/// The longest body, in bytes.
pub const MAX_BODY_BYTES: usize = 65_536;

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

/// A header's name, in lower case.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HeaderName(String);

impl TryFrom<&str> for HeaderName {
    type Error = Allowed;

    /// # Errors
    /// `name` is not a token, or is one that the filter or HTTP itself owns.
    fn try_from(name: &str) -> Result<Self, Allowed> {
        let lower = name.to_ascii_lowercase();
        if lower.starts_with(':') || OWNED_HEADER_NAMES.contains(&lower.as_str()) {
            Err(Allowed("this header is set by the filter or by HTTP itself"))
        } else if is_token(name) {
            Ok(Self(lower))
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
        let control = |b: u8| b.is_ascii_control() && b != b'\t';
        let padded = value.starts_with([' ', '\t']) || value.ends_with([' ', '\t']);
        if padded || value.bytes().any(control) {
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

/// The body of a 503.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Body(String);

impl Default for Body {
    fn default() -> Self {
        Self(DEFAULT_BODY.into())
    }
}

impl TryFrom<String> for Body {
    type Error = Allowed;

    /// # Errors
    /// `text` is longer than [`MAX_BODY_BYTES`].
    fn try_from(text: String) -> Result<Self, Allowed> {
        if text.len() > MAX_BODY_BYTES {
            return Err(Allowed("must be at most 65536 bytes"));
        }
        Ok(Self(text))
    }
}

/// A local reply, in the form that the host takes it in.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status code.
    pub status: u32,
    /// What access logs show as response code details.
    pub details: &'static str,
    /// The headers, as a serialized map of the proxy-wasm ABI.
    pub headers: Vec<u8>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The 503 of a service in maintenance; clients may come back after
    /// `retry_after` seconds.
    #[must_use]
    pub fn maintenance(
        retry_after: u32,
        ContentType(HeaderValue(content_type)): &ContentType,
        Body(body): Body,
        own: &[(HeaderName, HeaderValue)],
    ) -> Self {
        let retry_after = retry_after.to_string();
        let mut headers = vec![
            ("retry-after", retry_after.as_str()),
            ("content-type", content_type),
            ("cache-control", "no-store"),
        ];
        headers.extend(own.iter().map(|(HeaderName(n), HeaderValue(v))| (n.as_str(), v.as_str())));
        Self {
            status: 503,
            details: "maintenance_mode",
            headers: serialized(&headers),
            body: body.into_bytes(),
        }
    }

    /// The 200 with which the proxy answers for an application that is down.
    #[must_use]
    pub fn exempt() -> Self {
        Self {
            status: 200,
            details: "maintenance_exempt",
            headers: serialized(&[("cache-control", "no-store")]),
            body: Vec::new(),
        }
    }
}

/// A header map as the proxy-wasm ABI passes it: the number of pairs, the
/// length of each name and value, then each of them ended by a zero byte; all
/// numbers are 32 bits, little-endian.
fn serialized(headers: &[(&str, &str)]) -> Vec<u8> {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
    let mut bytes = number(headers.len()).to_vec();
    for (name, value) in headers {
        bytes.extend(number(name.len()));
        bytes.extend(number(value.len()));
    }
    for text in headers.iter().flat_map(|(name, value)| [name, value]) {
        bytes.extend(text.bytes());
        bytes.push(0);
    }
    bytes
}
