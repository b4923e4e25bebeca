//! Why a plugin configuration was refused.

use alloc::string::String;
use core::fmt;

use crate::text::joined;

/// How many characters of a refused value a message quotes.
const QUOTED_CHARACTERS: usize = 60;

/// What a field allows, as a phrase that completes "must be …" or "must …".
///
/// The constructors of domain types return it; [`Error::not_allowed`] adds
/// where the value stands and what it was.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Allowed(pub &'static str);

/// A refused plugin configuration.
///
/// Its text is one line that names the field, the value as given (shortened)
/// and what is allowed:
///
/// ```
/// # use maintenance_filter::policy::Policy;
/// let error = Policy::from_json(br#"{"retryAfterSeconds": 0}"#).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "retryAfterSeconds: 0 is not allowed: must be a whole number of seconds from 1 to 604800",
/// );
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Error(String);

impl Error {
    /// The bytes are not JSON at all; `reason` says what and where.
    pub(crate) fn not_json(reason: &str) -> Self {
        Self(joined(&["not valid JSON: ", reason]))
    }

    /// `value`, the JSON text found at `field`, is not one of the allowed values;
    /// an empty `field` is the whole configuration.
    pub(crate) fn not_allowed(field: &str, value: &str, allowed: &str) -> Self {
        let colon = if field.is_empty() { "" } else { ": " };
        Self(joined(&[field, colon, &one_line(value), " is not allowed: ", allowed]))
    }

    /// The line.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for Error {}

/// `text` without control characters and cut to a length that fits a log line.
pub(crate) fn one_line(text: &str) -> String {
    // Beside the control characters, some readers of logs break a line at these two.
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let mut line = String::new();
    let mut room = QUOTED_CHARACTERS;
    for c in text.chars() {
        let Some(left) = room.checked_sub(1) else {
            line.push('…');
            break;
        };
        room = left;
        line.push(if breaks(c) { ' ' } else { c });
    }
    line
}

#[cfg(test)]
mod tests {
    use super::one_line;
    use alloc::format;

    #[test]
    fn a_quoted_value_is_one_short_line() {
        assert_eq!(one_line("{\n\t\"a\": 1\n}"), "{  \"a\": 1 }");
        assert_eq!(one_line("a\u{85}b\u{2028}c\u{2029}d\u{7f}"), "a b c d ");
        assert_eq!(one_line(&"é".repeat(60)), "é".repeat(60));
        assert_eq!(one_line(&"é".repeat(61)), format!("{}…", "é".repeat(60)));
    }
}
