//! `Retry-After`.

use std::fmt;
use std::ops::RangeInclusive;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::limits::{DEFAULT_RETRY_AFTER_SECONDS, RETRY_AFTER_JITTER_SECONDS, RETRY_AFTER_SECONDS};

/// `Retry-After` in seconds
/// ([RFC 9110, section 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)).
/// Never a date: clients have been seen to crash on one.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(extend(
    "minimum" = RETRY_AFTER_SECONDS.start(),
    "maximum" = RETRY_AFTER_SECONDS.end(),
    "default" = DEFAULT_RETRY_AFTER_SECONDS,
)))]
pub struct RetryAfter(pub u32);

impl Default for RetryAfter {
    fn default() -> Self {
        Self(DEFAULT_RETRY_AFTER_SECONDS)
    }
}

impl<'de> Deserialize<'de> for RetryAfter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        seconds(deserializer, RETRY_AFTER_SECONDS).map(Self)
    }
}

impl RetryAfter {
    /// The time from `now` to `end`, both in seconds since 1970, within the limits.
    #[must_use]
    pub fn until(end: u64, now: u64) -> Self {
        Self::clamped(u32::try_from(end.saturating_sub(now)).unwrap_or(u32::MAX))
    }

    /// This time and `seconds`, within the limits.
    #[must_use]
    pub fn plus(self, seconds: u32) -> Self {
        Self::clamped(self.0.saturating_add(seconds))
    }

    fn clamped(seconds: u32) -> Self {
        Self(seconds.clamp(*RETRY_AFTER_SECONDS.start(), *RETRY_AFTER_SECONDS.end()))
    }
}

impl fmt::Display for RetryAfter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Largest number of seconds that are added to a `Retry-After` at random, so that
/// clients do not return all at once.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(extend(
    "minimum" = RETRY_AFTER_JITTER_SECONDS.start(),
    "maximum" = RETRY_AFTER_JITTER_SECONDS.end(),
    "default" = 0,
)))]
pub struct Jitter(pub u32);

impl<'de> Deserialize<'de> for Jitter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        seconds(deserializer, RETRY_AFTER_JITTER_SECONDS).map(Self)
    }
}

/// Reads a number of seconds within `bounds`.
fn seconds<'de, D: Deserializer<'de>>(
    deserializer: D,
    bounds: RangeInclusive<u32>,
) -> Result<u32, D::Error> {
    let seconds = u32::deserialize(deserializer).ok().filter(|seconds| bounds.contains(seconds));
    let (least, most) = bounds.into_inner();
    let rule = format_args!("must be a whole number of seconds from {least} to {most}");
    seconds.ok_or_else(|| D::Error::custom(rule))
}
