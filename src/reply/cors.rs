//! Cross-origin resource sharing
//! ([Fetch Standard](https://fetch.spec.whatwg.org/#http-cors-protocol)): lets
//! scripts of other origins read the 503. Without it, a browser shows them a network
//! error.
//!
//! 1. A request from a listed origin gets a 503 that its scripts may read, with
//!    `Retry-After`.
//! 2. A preflight from a listed origin gets a 204 that permits the request it asks
//!    about, so that the browser sends that request and reads the 503.
//! 3. A listed origin may send credentials. `*` permits none: a browser refuses both
//!    together.
//! 4. Every other request gets the 503 without these headers.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::Reply;
use crate::error::Error;
use crate::json;
use crate::limits::{CORS_ORIGINS, MAX_ORIGIN_BYTES};
use crate::request::RequestHead;
use crate::token::is_token;

const ANY: &str = "*";

/// The list `response.corsOrigins`.
#[derive(Debug)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(extend(
    "minItems" = CORS_ORIGINS.start(),
    "maxItems" = CORS_ORIGINS.end(),
    "if" = {"contains": {"const": ANY}},
    "then" = {"maxItems": 1},
)))]
pub struct CorsOrigins(Vec<Origin>);

impl CorsOrigins {
    /// Returns the method that a preflight asks about; `None` if the request is
    /// not a preflight, or if its origin is not listed.
    pub(super) fn preflight_method(&self, head: &impl RequestHead) -> Option<String> {
        self.allowed(head)?;
        head.header(":method").filter(|method| method == b"OPTIONS")?;
        requested_method(head)
    }

    /// Adds the headers that permit the request which the preflight `head` asks about.
    pub(super) fn permit(&self, head: &impl RequestHead, reply: &mut Reply) {
        self.add_headers(head, reply);
        if let Some(method) = requested_method(head) {
            reply.add("access-control-allow-methods", &method);
        }
        if let Some(names) = requested_headers(head) {
            reply.add("access-control-allow-headers", &names);
        }
        reply.add("access-control-max-age", "0");
    }

    /// Adds the headers that let the origin of `head` read `reply`.
    pub(super) fn add_headers(&self, head: &impl RequestHead, reply: &mut Reply) {
        // Also for an origin that is not listed: the reply differs by origin.
        reply.add("vary", "origin");
        if let Some(origin) = self.allowed(head) {
            reply.add_default("access-control-allow-origin", origin);
            if origin != ANY {
                reply.add_default("access-control-allow-credentials", "true");
            }
            // Added even if the configuration has this header: a browser reads both.
            reply.add("access-control-expose-headers", "retry-after");
        }
    }

    /// Returns the listed origin that `head` comes from, or `*` if all are listed.
    fn allowed(&self, head: &impl RequestHead) -> Option<&str> {
        let origin = head.header("origin")?;
        let is_allowed = |listed: &&str| *listed == ANY || listed.as_bytes() == origin;
        self.0.iter().map(|Origin(listed)| listed.as_str()).find(is_allowed)
    }
}

/// Returns the method that a preflight asks about.
fn requested_method(head: &impl RequestHead) -> Option<String> {
    let method = String::from_utf8(head.header("access-control-request-method")?).ok()?;
    Some(method).filter(|method| is_token(method))
}

/// Returns the header names that a preflight asks about.
fn requested_headers(head: &impl RequestHead) -> Option<String> {
    let names = String::from_utf8(head.header("access-control-request-headers")?).ok()?;
    let is_name = |name: &str| is_token(name.trim_matches([' ', '\t']));
    Some(names).filter(|names| names.split(',').all(is_name))
}

impl<'de> Deserialize<'de> for CorsOrigins {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let origins: Vec<Origin> = json::list(deserializer, CORS_ORIGINS, "origins")?;
        if origins.len() > 1 && origins.iter().any(|Origin(origin)| origin == ANY) {
            return Err(D::Error::custom("must have \"*\" alone, without other origins"));
        }
        Ok(Self(origins))
    }
}

/// A scheme, a host and a port, as a browser sends them, or `*`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(extend("maxLength" = MAX_ORIGIN_BYTES, "pattern" = ORIGIN_PATTERN, "not" = {"pattern": DEFAULT_PORT_PATTERN}, "errorMessage" = origin_error().to_string())))]
struct Origin(String);

#[cfg(not(target_arch = "wasm32"))]
const ORIGIN_PATTERN: &str = r"^(\*|[a-z][a-z0-9+.-]*://[a-z0-9._:\[\]-]+)$";

#[cfg(not(target_arch = "wasm32"))]
const DEFAULT_PORT_PATTERN: &str = "^(http://.*:80|https://.*:443)$";

impl TryFrom<String> for Origin {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        let is_in = |text: &str, others: &str| {
            let is_allowed =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || others.contains(c);
            !text.is_empty() && text.chars().all(is_allowed)
        };
        let is_origin = text.split_once(':').is_some_and(|(scheme, rest)| {
            scheme.starts_with(|c: char| c.is_ascii_lowercase())
                && is_in(scheme, "+.-")
                && rest.strip_prefix("//").is_some_and(|authority| is_in(authority, "._:[]-"))
        });
        // Browsers leave it out, so the origin would never match.
        let has_default_port = [("http://", ":80"), ("https://", ":443")]
            .into_iter()
            .any(|(scheme, port)| text.starts_with(scheme) && text.ends_with(port));
        let is_valid = (is_origin && !has_default_port) || text == ANY;
        if is_valid && text.len() <= MAX_ORIGIN_BYTES {
            Ok(Self(text))
        } else {
            Err(origin_error())
        }
    }
}

fn origin_error() -> Error {
    Error::new(format!(
        "must be an origin of at most {MAX_ORIGIN_BYTES} bytes in lower case, without a path or \
         a default port, as \"https://app.example.com\", or \"*\""
    ))
}
