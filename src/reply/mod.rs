//! Replies that the proxy itself sends.

mod accept;
mod body;
mod cors;
mod grpc;
mod headers;
mod html;
mod retry_after;

pub use body::Body;
pub use cors::CorsOrigins;
pub use grpc::GrpcRetryPushback;
pub use headers::{ContentType, Headers};
pub use html::Html;
pub use retry_after::{Jitter, RetryAfter};

use std::rc::Rc;

use serde::Deserialize;

use self::grpc::is_grpc;
use crate::limits::DEFAULT_CONTENT_TYPE;
use crate::request::RequestHead;

/// The object `response`: the answer to every request that is not exempt.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, expecting = "a JSON object", rename_all = "camelCase")]
pub struct Response {
    /// Media type of `body`.
    content_type: ContentType,
    /// Body, as text. A gRPC call gets the default body if this one is longer than 2048 bytes.
    body: Body,
    /// Headers to add to the 503, by name.
    headers: Headers,
    /// Body for browsers, which the header `Accept` of a request selects. Absent: browsers get
    /// `body`.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Html"))]
    html: Option<Html>,
    /// Origins whose scripts may read the 503 in a browser, or `["*"]` alone. Absent: none.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "CorsOrigins"))]
    cors_origins: Option<CorsOrigins>,
    /// Value of `grpc-retry-pushback-ms` in the reply to a gRPC call. It tells a client that has
    /// a retry policy when to try again.
    grpc_retry_pushback: GrpcRetryPushback,
}

impl Response {
    /// Returns whether the reply is the same for every request.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        self.html.is_none()
            && self.cors_origins.is_none()
            && self.grpc_retry_pushback == GrpcRetryPushback::None
            && !self.body.is_too_long_for_grpc()
    }

    /// Returns the method that a preflight asks about; `None` if the request is
    /// not a preflight, or if its origin is not listed.
    pub(crate) fn preflight_method(&self, head: &impl RequestHead) -> Option<String> {
        self.cors_origins.as_ref()?.preflight_method(head)
    }

    /// Returns the 204 to a preflight.
    pub(crate) fn preflight_reply(&self, head: &impl RequestHead) -> Reply {
        let mut reply = Reply::new(204, "maintenance_preflight");
        reply.forbid_caching();
        if let Some(origins) = &self.cors_origins {
            origins.permit(head, &mut reply);
        }
        reply
    }

    /// Returns the 503 to a request.
    pub fn reply(&self, head: &impl RequestHead, retry_after: RetryAfter) -> Reply {
        let page = self.html.as_ref().filter(|_| html::is_page_visit(head));
        let (content_type, body) = match page {
            Some(page) => (Html::CONTENT_TYPE, page.text()),
            None if self.body.is_too_long_for_grpc() && is_grpc(head) => {
                (DEFAULT_CONTENT_TYPE, Body::default().text())
            }
            None => (self.content_type.as_str(), self.body.text()),
        };
        let mut reply = Reply { body, ..Reply::new(503, "maintenance_mode") };
        reply.add("retry-after", &retry_after.to_string());
        reply.add("content-type", content_type);
        reply.forbid_caching();
        for (name, value) in self.headers.iter() {
            reply.add(name, value);
        }
        if self.html.is_some() {
            reply.add("vary", "accept");
        }
        if page.is_some() {
            Html::add_protection(&mut reply);
        }
        if let Some(origins) = &self.cors_origins {
            origins.add_headers(head, &mut reply);
        }
        self.grpc_retry_pushback.add_header(head, retry_after, &mut reply);
        reply
    }
}

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
    pub body: Rc<str>,
}

impl Reply {
    /// A reply without headers and body.
    fn new(status: u32, details: &'static str) -> Self {
        Self { status, details, headers: Vec::new(), body: Rc::default() }
    }

    /// The 200 to an exempt request, for an application that is down.
    #[must_use]
    pub fn exempt() -> Self {
        let mut reply = Self::new(200, "maintenance_exempt");
        reply.forbid_caching();
        reply
    }

    /// Adds `no-store`, because maintenance may begin or end at any moment.
    fn forbid_caching(&mut self) {
        self.add("cache-control", "no-store");
    }

    fn add(&mut self, name: &str, value: &str) {
        self.headers.push((name.into(), value.into()));
    }

    /// Adds a header, unless the configuration has given it.
    fn add_default(&mut self, name: &str, value: &str) {
        if !self.headers.iter().any(|(other, _)| other == name) {
            self.add(name, value);
        }
    }
}
