//! Reasons for which a plugin configuration is refused.

use std::fmt::{self, Display};

use serde::de::{self, Expected, Unexpected};

/// Longest quotation of a refused value in a message, in characters.
const MAX_QUOTED_CHARACTERS: usize = 60;

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
///
/// The type of a field names the rule alone. The reader of JSON adds the value and
/// the field on the way out.
#[derive(Debug, Eq, PartialEq)]
pub struct Error(Box<Details>);

/// Boxed in an [`Error`] to keep `Result` small.
#[derive(Debug, Eq, PartialEq)]
struct Details {
    /// Path from the current value to the invalid one: `.path`, later `[2].path`,
    /// in the end `.exemptions[2].path`.
    field: String,
    /// JSON text of the value, shortened. `None` until known, and for a text that is
    /// not JSON.
    value: Option<String>,
    /// Rule that the value breaks, as a phrase that starts with "must" or names the
    /// mistake: "must be at most 65536 bytes".
    rule: String,
}

/// Result of reading a plugin configuration or a part of it.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error for a value that breaks `rule`.
    pub(crate) fn new(rule: impl Display) -> Self {
        Self(Box::new(Details { field: String::new(), value: None, rule: rule.to_string() }))
    }

    /// Adds the JSON text of the value, unless the error is about a value inside it.
    pub(crate) fn about(mut self, value: &str) -> Self {
        self.0.value.get_or_insert_with(|| one_line(value));
        self
    }

    /// Adds the name of a field or the index in a list in front of the path.
    pub(crate) fn within(mut self, segment: impl Display) -> Self {
        self.0.field = format!("{segment}{}", self.0.field);
        self
    }
}

impl Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details { field, value, rule } = &*self.0;
        if let Some(value) = value {
            let field = field.strip_prefix('.').unwrap_or(field);
            let separator = if field.is_empty() { "" } else { ": " };
            write!(formatter, "{field}{separator}{value} is not allowed: ")?;
        }
        formatter.write_str(rule)
    }
}

impl std::error::Error for Error {}

/// The constructors that `serde` calls. Each turns the expectation of a type into a rule.
impl de::Error for Error {
    fn custom<T: Display>(rule: T) -> Self {
        Self::new(rule)
    }

    fn invalid_type(_: Unexpected, expected: &dyn Expected) -> Self {
        Self::new(format_args!("must be {expected}"))
    }

    fn invalid_value(_: Unexpected, expected: &dyn Expected) -> Self {
        Self::new(format_args!("must be {expected}"))
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::new(format_args!("must be {expected}"))
    }

    fn unknown_field(_: &str, known: &'static [&'static str]) -> Self {
        Self::new(format_args!("unknown field, known here: {}", known.join(", ")))
    }

    fn missing_field(name: &'static str) -> Self {
        Self::new(format_args!("must have a field {name}"))
    }

    fn unknown_variant(_: &str, known: &'static [&'static str]) -> Self {
        Self::new(format_args!("must be \"{}\"", known.join("\" or \"")))
    }
}

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
