//! The replies that the proxy sends itself, rendered once.

mod headers;

use alloc::string::String;
use alloc::vec::Vec;

use crate::error::Allowed;

pub use headers::{
    ContentType, DEFAULT_CONTENT_TYPE, HeaderName, HeaderValue, Headers, OWNED_HEADER_NAMES,
};

/// The body of a 503 whose configuration does not give one.
pub const DEFAULT_BODY: &str = r#"{"error":"maintenance","message":"The service is down for maintenance. Please retry later."}"#;
/// The longest body, in bytes.
pub const MAX_BODY_BYTES: usize = 65_536;

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
    /// The 503 of a service in maintenance.
    #[must_use]
    pub fn maintenance(headers: Headers, Body(body): Body) -> Self {
        Self {
            status: 503,
            details: "maintenance_mode",
            headers: headers.serialized(),
            body: body.into_bytes(),
        }
    }

    /// The 200 with which the proxy answers for an application that is down.
    #[must_use]
    pub fn exempt() -> Self {
        Self {
            status: 200,
            details: "maintenance_exempt",
            headers: Headers::exempt().serialized(),
            body: Vec::new(),
        }
    }
}
