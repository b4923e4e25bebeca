//! Limits whose test values are too long for the table, each on both sides of the
//! limit.

use maintenance_filter::error::Error;
use maintenance_filter::policy::Policy;
use proptest::prelude::*;

use crate::support::{policy, refusal, rejection};

fn config_with_body(text: &str) -> String {
    format!(r#"{{"enabled": true, "response": {{"body": "{text}"}}}}"#)
}

#[test]
fn a_body_may_be_64_kib() {
    let config = config_with_body(&"x".repeat(65_536));
    assert_eq!(rejection(&policy(&config)).body.len(), 65_536);
    assert_eq!(
        refusal(config_with_body(&"x".repeat(65_537))),
        format!("response.body: \"{}… is not allowed: must be at most 65536 bytes", "x".repeat(59)),
    );
}

#[test]
fn the_limit_of_a_body_is_in_bytes_not_characters() {
    let config = config_with_body(&"é".repeat(32_768));
    assert_eq!(rejection(&policy(&config)).body.len(), 65_536);
    assert!(
        refusal(config_with_body(&"é".repeat(32_769))).ends_with("must be at most 65536 bytes")
    );
    assert!(
        refusal(config_with_body(&format!("x{}", "é".repeat(32_768))))
            .starts_with("response.body: ")
    );
}

#[test]
fn the_limit_of_a_body_applies_to_the_unescaped_text() {
    let config = config_with_body(&r"\u0041".repeat(65_536));
    assert_eq!(rejection(&policy(&config)).body.to_string(), "A".repeat(65_536));
    refusal(config_with_body(&r"\u0041".repeat(65_537)));
    // A character of four bytes, escaped in twelve.
    let config = config_with_body(&r"\ud83d\udee0".repeat(16_384));
    assert_eq!(rejection(&policy(&config)).body.len(), 65_536);
    refusal(config_with_body(&r"\ud83d\udee0".repeat(16_385)));
}

#[test]
fn the_limit_of_a_path_applies_to_the_unescaped_text() {
    let path = |escaped: usize| {
        format!(r#"{{"exemptions": [{{"path": "/{}"}}]}}"#, r"\u0061".repeat(escaped))
    };
    policy(&path(1023));
    refusal(path(1024));
}

#[test]
fn headers_and_exemptions_are_counted_separately() {
    let exemptions: Vec<_> = (0..64).map(|n| format!(r#"{{"path": "/{n}"}}"#)).collect();
    let headers: Vec<_> = (0..32).map(|n| format!(r#""x-{n}": "{n}""#)).collect();
    policy(&format!(
        r#"{{"exemptions": [{}], "response": {{"headers": {{{}}}}}}}"#,
        exemptions.join(","),
        headers.join(","),
    ));
}

#[test]
fn retry_after_accepts_exactly_the_integers_from_1_to_a_week() {
    let accepts = |text: &str| {
        Policy::from_json(format!(r#"{{"retryAfterSeconds": {text}}}"#).as_bytes()).is_ok()
    };
    proptest!(ProptestConfig::with_cases(2_000), |(seconds in prop_oneof![
        -3_i64..=3, 604_790_i64..=604_810, any::<i64>(),
    ])| {
        prop_assert_eq!(accepts(&seconds.to_string()), (1..=604_800).contains(&seconds));
        for other in ["N.0", "Ne0", "\"N\""] {
            prop_assert!(!accepts(&other.replace('N', &seconds.to_string())));
        }
    });
}

#[test]
fn a_method_is_a_token_with_upper_case_and_without_lower_case_letters() {
    let accepts = |method: String| {
        let method = serde_json::Value::String(method);
        let config = format!(r#"{{"exemptions": [{{"path": "/", "methods": [{method}]}}]}}"#);
        Policy::from_json(config.as_bytes()).is_ok()
    };
    for character in (0..=0x17f).filter_map(char::from_u32) {
        let allowed =
            matches!(character, 'A'..='Z' | '0'..='9') || "!#$%&'*+-.^_`|~".contains(character);
        assert_eq!(accepts(format!("M{character}")), allowed, "{character:?}");
        let is_letter = character.is_ascii_uppercase();
        assert_eq!(accepts(character.to_string()), is_letter, "{character:?} alone");
    }
}

/// Parses a configuration with one response header.
fn parse_header(name: &str, value: &str) -> Result<Policy, Error> {
    let [name, value] = [name, value].map(|text| serde_json::Value::String(text.into()));
    Policy::from_json(format!(r#"{{"response": {{"headers": {{{name}: {value}}}}}}}"#).as_bytes())
}

#[test]
fn header_names_and_values_follow_the_http_grammar() {
    for character in (0..=0x17f).filter_map(char::from_u32) {
        let token = character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(character);
        let name = parse_header(&format!("x{character}"), "a").is_ok();
        assert_eq!(name, token, "{character:?} in a name");
        let inner = character == '\t' || !character.is_ascii_control();
        let value = parse_header("x", &format!("a{character}a")).is_ok();
        assert_eq!(value, inner, "{character:?} in a value");
        let edge = inner && !matches!(character, '\t' | ' ');
        assert_eq!(
            parse_header("x", &format!("{character}a")).is_ok(),
            edge,
            "{character:?} at the start"
        );
        assert_eq!(
            parse_header("x", &format!("a{character}")).is_ok(),
            edge,
            "{character:?} at the end"
        );
    }
}

#[test]
fn paths_contain_printable_ascii_without_query_and_fragment_marks() {
    let accepts = |field: &str, path: String| {
        let path = serde_json::Value::String(path);
        let config = format!(r#"{{"exemptions": [{{"{field}": {path}}}]}}"#);
        Policy::from_json(config.as_bytes()).is_ok()
    };
    for character in (0..=0x17f).filter_map(char::from_u32) {
        let allowed = matches!(character, ' '..='~') && !matches!(character, '?' | '#');
        assert_eq!(accepts("path", format!("/{character}")), allowed, "{character:?}");
        assert_eq!(accepts("pathPrefix", format!("/{character}/")), allowed, "{character:?}");
    }
}
