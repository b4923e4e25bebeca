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
    /// Returns the method that a preflight asks about; `None` if `head` is no
    /// preflight, or if its origin is not listed.
    pub(super) fn preflight_method(&self, head: &impl RequestHead) -> Option<Vec<u8>> {
        self.allowed(head)?;
        head.header(":method").filter(|method| method == b"OPTIONS")?;
        let method = head.header("access-control-request-method")?;
        str::from_utf8(&method).is_ok_and(is_token).then_some(method)
    }

    /// Adds the headers that permit the request which the preflight `head` asks about.
    pub(super) fn permit(&self, head: &impl RequestHead, reply: &mut Reply) {
        self.add_headers(head, reply);
        let asked_for = ["access-control-request-method", "access-control-request-headers"];
        let permitted = ["access-control-allow-methods", "access-control-allow-headers"];
        for (asked_for, permitted) in asked_for.into_iter().zip(permitted) {
            let tokens = head.header(asked_for).and_then(|tokens| String::from_utf8(tokens).ok());
            let is_valid =
                |tokens: &String| tokens.split(',').all(|token| is_token(token.trim_ascii()));
            if let Some(tokens) = tokens.filter(is_valid) {
                reply.add(permitted, &tokens);
            }
        }
        reply.add("access-control-max-age", "0");
    }

    /// Adds the headers that let the origin of `head` read `reply`.
    pub(super) fn add_headers(&self, head: &impl RequestHead, reply: &mut Reply) {
        // The reply depends on the origin also where it permits nothing.
        reply.add("vary", "origin");
        if let Some(origin) = self.allowed(head) {
            reply.add_default("access-control-allow-origin", origin);
            if origin != ANY {
                reply.add_default("access-control-allow-credentials", "true");
            }
            reply.add_default("access-control-expose-headers", "retry-after");
        }
    }

    /// Returns the listed origin that `head` comes from, or `*` if all are listed.
    fn allowed(&self, head: &impl RequestHead) -> Option<&str> {
        let origin = head.header("origin")?;
        let is_allowed = |listed: &&str| *listed == ANY || listed.as_bytes() == origin;
        self.0.iter().map(|Origin(listed)| listed.as_str()).find(is_allowed)
    }
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
#[cfg_attr(not(target_arch = "wasm32"), schemars(extend("maxLength" = MAX_ORIGIN_BYTES, "pattern" = ORIGIN_PATTERN, "errorMessage" = origin_error().to_string())))]
struct Origin(String);

#[cfg(not(target_arch = "wasm32"))]
const ORIGIN_PATTERN: &str = r"^(\*|[a-z][a-z0-9+.-]*://[a-z0-9._:\[\]-]+)$";

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
        if (is_origin || text == ANY) && text.len() <= MAX_ORIGIN_BYTES {
            Ok(Self(text))
        } else {
            Err(origin_error())
        }
    }
}

fn origin_error() -> Error {
    Error::new(format!(
        "must be an origin of at most {MAX_ORIGIN_BYTES} bytes in lower case, without a path, \
         as \"https://app.example.com\", or \"*\""
    ))
}
