//! JSON syntax. The filter keeps a value as raw text until a field parses it. The
//! reference is `serde_json` parsing the whole text at once.

use maintenance_filter::policy::Policy;
use proptest::prelude::*;
use serde::de::IgnoredAny;

const TOKENS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\n",
    " ",
    "\t",
    "\r",
    "true",
    "false",
    "null",
    "tru",
    "nul",
    "fals",
    "0",
    "01",
    "-",
    "-1",
    "1.",
    "1.5",
    ".5",
    "1e",
    "1e+",
    "2E-3",
    "1e5x",
    "\"a\"",
    "\"a\":",
    "\"a\":1",
    "\"\\u00e9\"",
    "\"\\u12\"",
    "\"\\ud83d\\ude00\"",
    "\\u",
    "\"\\x\"",
    "\u{1}",
    "\u{7f}",
    "\u{feff}",
    "é",
    "\u{2028}",
    "//",
    "'",
    "NaN",
    "[[",
    "{}",
    "[]",
    "[1,2]",
    "{\"a\":[{}]}",
];

/// Concatenation of random tokens.
fn token_sequence() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(TOKENS), 0..14).prop_map(|tokens| tokens.concat())
}

/// Returns whether the filter rejects a text because it is not valid JSON.
fn is_not_json(text: &str) -> bool {
    Policy::from_json(text.as_bytes())
        .is_err_and(|error| error.to_string().starts_with("not valid JSON: "))
}

#[test]
fn the_filter_and_serde_json_accept_the_same_syntax() {
    proptest!(ProptestConfig::with_cases(50_000), |(text in token_sequence())| {
        // The filter accepts an empty configuration, which is not valid JSON.
        if !text.is_empty() {
            // Not `Value`, which also refuses a valid number that is too large for it.
            let expected = serde_json::from_str::<IgnoredAny>(&text).is_err();
            prop_assert_eq!(is_not_json(&text), expected, "{:?}", text);
        }
    });
}

#[test]
fn every_truncated_configuration_is_rejected() {
    let whole = "{\n \"enabled\": true, \"retryAfterSeconds\": -12.5e+3,\r\n \"exemptions\": \
                 [{\"path\": \"/\\u00e9\\n\"}, [], {}, null],\t\"response\": {\"a\": false}}\n";
    let complete = whole.trim_end().len();
    for end in 1..complete {
        assert!(is_not_json(&whole[..end]), "{:?}", &whole[..end]);
    }
    assert!(!is_not_json(whole));
}
