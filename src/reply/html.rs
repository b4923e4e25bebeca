//! The body for browsers.

use std::rc::Rc;

use serde::Deserialize;

use super::Reply;
use super::accept::prefers_html;
use crate::error::Error;
use crate::limits::HTML_BYTES;
use crate::request::RequestHead;

/// Lets a page have inline styles and images in `data:` URLs, and nothing else: no
/// script, no form and nothing from another address.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The field `response.html`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(with = "String", extend("minLength" = HTML_BYTES.start(), "maxLength" = HTML_BYTES.end())))]
pub struct Html(Rc<str>);

impl TryFrom<String> for Html {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        if HTML_BYTES.contains(&text.len()) {
            return Ok(Self(text.into()));
        }
        let (least, most) = (HTML_BYTES.start(), HTML_BYTES.end());
        Err(Error::new(format!("must be {least} to {most} bytes")))
    }
}

impl Html {
    pub(super) const CONTENT_TYPE: &str = "text/html; charset=utf-8";

    pub(super) fn text(&self) -> Rc<str> {
        Rc::clone(&self.0)
    }

    /// Adds the headers that limit what the page can do in a browser.
    pub(super) fn add_protection(reply: &mut Reply) {
        reply.add_default("content-security-policy", CONTENT_SECURITY_POLICY);
        reply.add_default("x-content-type-options", "nosniff");
    }
}

/// Returns whether a browser opens a page.
pub(super) fn is_page_visit(head: &impl RequestHead) -> bool {
    let is_read = |method: Vec<u8>| matches!(method.as_slice(), b"GET" | b"HEAD");
    head.header(":method").is_some_and(is_read)
        && head.header("accept").is_some_and(|accept| prefers_html(&accept))
}
