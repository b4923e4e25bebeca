//! Replies: what the proxy itself answers.

mod body;
mod headers;
mod retry_after;

pub use body::Body;
pub use headers::{ContentType, Headers, OWNED_HEADER_NAMES};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use headers::{HEADER_NAME_PATTERN, any_of};
pub use retry_after::RetryAfter;

use serde::Deserialize;

/// The object `response`: the answer to every request that is not exempt.
#[derive(Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, expecting = "a JSON object", rename_all = "camelCase")]
pub struct ResponseConfig {
    /// Media type of the body.
    content_type: ContentType,
    /// Body, as text.
    body: Body,
    /// Headers to add, by name.
    headers: Headers,
}

/// Must not be cached: maintenance may begin or end at any moment.
const CACHE_CONTROL: (&str, &str) = ("cache-control", "no-store");

/// A local reply.
#[derive(Debug)]
pub struct Reply {
    /// HTTP status code.
    pub status: u32,
    /// Response code details, by which access logs tell the filter's replies
    /// from others.
    pub details: &'static str,
    /// Names and values of the headers.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: String,
}

impl Reply {
    /// The 503 of a service in maintenance.
    #[must_use]
    pub fn maintenance(retry_after: RetryAfter, response: ResponseConfig) -> Self {
        let mut headers = vec![
            ("retry-after".into(), retry_after.to_string()),
            ("content-type".into(), response.content_type.into()),
            header(CACHE_CONTROL),
        ];
        headers.extend(response.headers.into_pairs());
        let body = response.body.into();
        Self { status: 503, details: "maintenance_mode", headers, body }
    }

    /// The 200 to an exempt request, for an application that is down.
    #[must_use]
    pub fn exempt() -> Self {
        let headers = vec![header(CACHE_CONTROL)];
        Self { status: 200, details: "maintenance_exempt", headers, body: String::new() }
    }
}

fn header((name, value): (&str, &str)) -> (String, String) {
    (name.into(), value.into())
}
