//! Code that the fuzz targets share, in part with the tests: the reference
//! implementation of the matching rules, assertions about messages, the schema.
//!
//! An input is text, so that a corpus can be read: the first line is the part of
//! the request, and each further line is an entry of the configuration.

#[allow(missing_docs, clippy::must_use_candidate, reason = "private in the tests")]
#[path = "../../tests/policy/naive.rs"]
pub mod naive;

#[allow(
    missing_docs,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::return_self_not_must_use,
    reason = "private in the tests"
)]
#[path = "../../tests/policy/support.rs"]
pub mod support;

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let schema = include_str!("../../istio/plugin-config.schema.json");
    let schema: Value = serde_json::from_str(schema).expect("the schema is JSON");
    jsonschema::validator_for(&schema).expect("a JSON Schema")
});

/// Splits an input into its first line and the other lines. `None` if the others
/// are not UTF-8, as no configuration is.
#[must_use]
pub fn first_line(input: &[u8]) -> Option<(&[u8], Vec<&str>)> {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (first, rest) = input.split_at(end);
    let rest = str::from_utf8(rest.get(1..).unwrap_or_default()).ok()?;
    Some((first, rest.lines().collect()))
}

/// Asserts that the JSON Schema accepts a configuration, as it must if the filter
/// does.
///
/// # Panics
/// If it refuses the configuration.
pub fn assert_schema_accepts(config: &Value) {
    if let Err(error) = SCHEMA.validate(config) {
        panic!("the schema refuses what the filter accepts: {error} in {config}");
    }
}
