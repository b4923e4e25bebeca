//! Errors: why a plugin configuration is refused.

use std::fmt;

/// Longest quotation of a refused value in a message, in characters.
const MAX_QUOTED_CHARACTERS: usize = 60;

/// The rule that a value breaks, as a phrase that starts with "must" or names
/// what is wrong: "must be at most 65536 bytes".
///
/// Constructors of domain types return it. [`Error`] adds the field and the
/// value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Violation(String);

impl Violation {
    /// A violation of `rule`.
    pub(crate) fn of(rule: impl Into<String>) -> Self {
        Self(rule.into())
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A refused plugin configuration.
///
/// Its message is one line that names the field, the value as given
/// (shortened) and what is allowed:
///
/// ```
/// # use maintenance_filter::policy::Policy;
/// let error = Policy::from_json(br#"{"retryAfterSeconds": 0}"#).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "retryAfterSeconds: 0 is not allowed: must be a whole number of seconds from 1 to 604800",
/// );
/// ```
#[derive(Debug, Eq, PartialEq)]
pub struct Error(String);

impl Error {
    /// An error for bytes that are not JSON.
    pub(crate) fn not_json(reason: impl fmt::Display) -> Self {
        Self(format!("not valid JSON: {reason}"))
    }

    /// An error for a configuration that Envoy announces but does not hand out.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn not_readable() -> Self {
        Self("the proxy does not hand it out".into())
    }

    /// An error for `field`, written as `exemptions[2].path`, whose JSON text is
    /// `value`. An empty `field` is the whole configuration.
    pub(crate) fn not_allowed(field: &str, value: &str, rule: &str) -> Self {
        let separator = if field.is_empty() { "" } else { ": " };
        Self(format!("{field}{separator}{value} is not allowed: {rule}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// Shortens `text` for a log line and replaces its line breaks and control
/// characters by spaces.
pub(crate) fn one_line(text: &str) -> String {
    // Some log viewers also break lines at these two separators.
    let breaks_line = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let mut characters = text.chars().map(|c| if breaks_line(c) { ' ' } else { c });
    let mut line: String = characters.by_ref().take(MAX_QUOTED_CHARACTERS).collect();
    if characters.next().is_some() {
        line.push('…');
    }
    line
}
