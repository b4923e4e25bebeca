//! Why the reader refuses a value, in the terms of `serde`.

use std::fmt::{self, Display};

use serde::de::{self, Expected, Unexpected};
use serde_json::value::RawValue;

use crate::error::{Error, one_line};

/// A broken rule and its location, which is filled in while the error propagates.
/// Boxed to keep `Result` small.
#[derive(Debug)]
pub struct Refusal(Box<Details>);

#[derive(Debug)]
struct Details {
    /// Path from the current value to the invalid one: `.path`, later `[2].path`,
    /// in the end `.exemptions[2].path`.
    field: String,
    /// JSON text of the value, shortened, once known.
    value: Option<String>,
    /// Rule that the value breaks, such as "must be true or false".
    rule: String,
}

impl Refusal {
    /// Adds the value that the refusal is about, unless it is about one inside
    /// of `value`.
    pub fn about(mut self, value: &RawValue) -> Self {
        self.0.value.get_or_insert_with(|| one_line(value.get()));
        self
    }

    /// Adds the name of a field or the index in a list in front of the path.
    pub fn within(mut self, segment: impl Display) -> Self {
        self.0.field = format!("{segment}{}", self.0.field);
        self
    }

    /// The error for the operator.
    pub fn into_error(self) -> Error {
        let Details { field, value, rule } = *self.0;
        let field = field.strip_prefix('.').unwrap_or(&field);
        Error::not_allowed(field, &value.unwrap_or_default(), &rule)
    }
}

/// The constructors that `serde` and visitors call. Each turns what the type
/// expects into a rule; the value comes from [`Refusal::about`].
impl de::Error for Refusal {
    fn custom<T: Display>(rule: T) -> Self {
        Self(Box::new(Details { field: String::new(), value: None, rule: rule.to_string() }))
    }

    fn invalid_type(_: Unexpected, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("must be {expected}"))
    }

    fn invalid_value(_: Unexpected, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("must be {expected}"))
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("must be {expected}"))
    }

    fn unknown_field(_: &str, known: &'static [&'static str]) -> Self {
        Self::custom(format_args!("unknown field, known here: {}", known.join(", ")))
    }

    fn missing_field(name: &'static str) -> Self {
        Self::custom(format_args!("must have a field {name}"))
    }

    fn unknown_variant(_: &str, known: &'static [&'static str]) -> Self {
        Self::custom(format_args!("must be \"{}\"", known.join("\" or \"")))
    }
}

impl Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.rule)
    }
}

impl std::error::Error for Refusal {}
