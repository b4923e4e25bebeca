//! Window: the time during which maintenance is in force, by the proxy's clock.
//!
//! 1. Maintenance is in force if `start <= now < end`.
//! 2. Without `start`, it is in force at once. Without `end`, it stays in force.
//! 3. At `end`, `onEnd` decides. `Stop`: maintenance ends. `Extend`: it stays in
//!    force until another configuration ends it.
//! 4. A window that is over is valid, because a proxy may start at any time.
//! 5. Stages never go back: a clock that is set back does not start a window again.

use serde::Deserialize;
use speedate::DateTime;

use crate::error::Error;

/// The object `window`, before `end` is known to come after `start`.
#[derive(Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(extend("dependentRequired" = {"onEnd": ["end"]})))]
#[serde(default, deny_unknown_fields, expecting = "a JSON object", rename_all = "camelCase")]
pub(crate) struct WindowConfig {
    /// Time at which maintenance begins. Absent: at once.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Time"))]
    start: Option<Time>,
    /// Time at which maintenance ends. It must be after `start`. Absent: never.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Time"))]
    end: Option<Time>,
    /// Action at `end`. Allowed only together with `end`.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "OnEnd"))]
    on_end: Option<OnEnd>,
}

/// Effect of the end of a window.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(extend("default" = "Stop")))]
pub enum OnEnd {
    /// Maintenance ends.
    #[default]
    Stop,
    /// Maintenance stays in force until another configuration ends it.
    Extend,
}

/// The window of a configuration. The default has no start and no end.
#[derive(Debug, Default, Deserialize)]
#[serde(try_from = "WindowConfig")]
pub struct Window {
    start: Option<Time>,
    end: Option<Time>,
    on_end: OnEnd,
}

impl TryFrom<WindowConfig> for Window {
    type Error = Error;

    fn try_from(config: WindowConfig) -> Result<Self, Error> {
        let WindowConfig { start, end, on_end } = config;
        if on_end.is_some() && end.is_none() {
            return Err(Error::new("must have a field end, because it has onEnd"));
        }
        if let (Some(start), Some(end)) = (&start, &end)
            && start.seconds >= end.seconds
        {
            return Err(Error::new("must have an end after its start"));
        }
        Ok(Self { start, end, on_end: on_end.unwrap_or_default() })
    }
}

/// Stage of a window, in the order of time.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Stage {
    /// Before `start`.
    Scheduled,
    /// From `start` to `end`.
    InForce,
    /// Past `end`; maintenance stays in force.
    Extended,
    /// Past `end`; maintenance has ended.
    Ended,
}

impl Window {
    /// Returns the stage at `now`, in seconds since 1970.
    #[must_use]
    pub fn stage_at(&self, now: u64) -> Stage {
        if self.end.as_ref().is_some_and(|end| now >= end.seconds) {
            match self.on_end {
                OnEnd::Stop => Stage::Ended,
                OnEnd::Extend => Stage::Extended,
            }
        } else if self.start.as_ref().is_some_and(|start| now < start.seconds) {
            Stage::Scheduled
        } else {
            Stage::InForce
        }
    }

    /// Returns whether the window has a start or an end.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        self.start.is_some() || self.end.is_some()
    }

    /// Returns the time at which maintenance begins.
    #[must_use]
    pub fn start(&self) -> Option<&Time> {
        self.start.as_ref()
    }

    /// Returns the time at which maintenance ends.
    #[must_use]
    pub fn end(&self) -> Option<&Time> {
        self.end.as_ref()
    }
}

/// A point in time, in whole seconds.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(with = "String", extend("format" = "date-time", "pattern" = TIME_PATTERN, "errorMessage" = TIME_RULE)))]
pub struct Time {
    /// Text, as in the configuration.
    pub text: String,
    /// Seconds since 1970-01-01T00:00:00Z.
    pub seconds: u64,
}

/// Year, month, day and so on in their ranges. The filter also knows the length
/// of each month.
#[cfg(not(target_arch = "wasm32"))]
const TIME_PATTERN: &str = "^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])\
    T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$";

const TIME_RULE: &str = "must be a time from 1970 to 9999 in whole seconds with a UTC offset, \
    as 2026-11-24T02:00:00Z or 2026-11-24T03:00:00+01:00";

impl TryFrom<String> for Time {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        match seconds_since_1970(&text) {
            Some(seconds) => Ok(Self { text, seconds }),
            None => Err(Error::new(TIME_RULE)),
        }
    }
}

/// Parses a timestamp
/// ([RFC 3339, section 5.6](https://www.rfc-editor.org/rfc/rfc3339#section-5.6)).
/// `None` for other texts, fractions and leap seconds.
///
/// Of the crates with a parser, `time` would add 9 KB more to the module, `chrono`
/// and `jiff` more still, and `humantime` reads no offset.
fn seconds_since_1970(text: &str) -> Option<u64> {
    // The parser also reads other forms of ISO 8601, which are shorter or longer.
    let has_length = text.len() == "2026-11-24T02:00:00Z".len()
        || text.len() == "2026-11-24T02:00:00+01:00".len();
    let is_plain = |byte: u8| byte.is_ascii_digit() || b"-+:TZ".contains(&byte);
    if !has_length || text < "1970" || !text.bytes().all(is_plain) {
        return None;
    }
    let time = DateTime::parse_str_rfc3339(text).ok()?;
    time.time.tz_offset?;
    u64::try_from(time.timestamp_tz()).ok()
}
