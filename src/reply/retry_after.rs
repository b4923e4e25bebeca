//! `Retry-After`.

use std::fmt;

use serde::{Deserialize, Deserializer};

use crate::json;
use crate::limits::{DEFAULT_RETRY_AFTER_SECONDS, RETRY_AFTER_SECONDS};

/// `Retry-After` in seconds
/// ([RFC 9110, section 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)).
/// Never a date: clients have been seen to crash on one.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(extend(
    "minimum" = RETRY_AFTER_SECONDS.start(),
    "maximum" = RETRY_AFTER_SECONDS.end(),
    "default" = DEFAULT_RETRY_AFTER_SECONDS,
)))]
pub struct RetryAfter(u32);

impl Default for RetryAfter {
    fn default() -> Self {
        Self(DEFAULT_RETRY_AFTER_SECONDS)
    }
}

impl<'de> Deserialize<'de> for RetryAfter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        json::whole_number(deserializer, RETRY_AFTER_SECONDS, "seconds").map(Self)
    }
}

impl fmt::Display for RetryAfter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
