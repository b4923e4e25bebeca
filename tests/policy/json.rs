//! The hand-written JSON scanner against `serde_json`: the same texts accepted,
//! the same words and places for the others, the same strings read.

use maintenance_filter::policy::Policy;
use proptest::prelude::*;
use serde_json::value::RawValue;

use super::support::rejection;

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
    "\"\\ud800\"",
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

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(TOKENS), 0..14).prop_map(|tokens| tokens.concat())
}

/// An escape, a character, or something that is neither.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<char>().prop_map(String::from),
        any::<u16>().prop_map(|unit| format!("\\u{unit:04x}")),
        (0xd7ff_u16..0xe001).prop_map(|unit| format!("\\u{unit:04X}")),
        (0xd800_u16..0xdc00, 0xdc00_u16..0xe000).prop_map(|(a, b)| format!("\\u{a:x}\\u{b:x}")),
        prop::sample::select(&["\\n", "\\\"", "\\\\", "\\/", "\\b", "\\f", "\\r", "\\t", "\\q"])
            .prop_map(String::from),
    ]
}

/// What the filter says of a text that is not JSON.
fn fault(text: &str) -> Option<String> {
    let message = Policy::from_json(text.as_bytes()).err()?.to_string();
    message.strip_prefix("not valid JSON: ").map(String::from)
}

/// What `serde_json` says.
fn expected(text: &str) -> Option<String> {
    serde_json::from_str::<&RawValue>(text).err().map(|error| error.to_string())
}

#[test]
fn the_same_texts_are_json_and_the_others_are_refused_in_the_same_words() {
    proptest!(ProptestConfig::with_cases(50_000), |(text in soup())| {
        // The filter takes no bytes at all for `{}`, and has its own word for a byte order mark.
        if !text.is_empty() && !text.starts_with('\u{feff}') {
            prop_assert_eq!(fault(&text), expected(&text), "{:?}", text);
        }
    });
}

#[test]
fn every_prefix_of_a_configuration_is_refused_in_the_same_words() {
    let whole = "{\n \"enabled\": true, \"retryAfterSeconds\": -12.5e+3,\r\n \"exemptions\": \
                 [{\"path\": \"/\\u00e9\\n\"}, [], {}, null],\t\"response\": {\"a\": false}}\n";
    for end in 1..=whole.len() {
        if let Some(text) = whole.get(..end) {
            assert_eq!(fault(text), expected(text), "{text:?}");
        }
    }
}

#[test]
fn strings_are_read_alike() {
    let string = prop::collection::vec(piece(), 0..6).prop_map(|pieces| pieces.concat());
    proptest!(ProptestConfig::with_cases(20_000), |(string in string)| {
        let string = format!("\"{string}\"");
        let config = format!("{{\"enabled\": true, \"response\": {{\"body\": {string}}}}}");
        match (serde_json::from_str::<String>(&string), Policy::from_json(config.as_bytes())) {
            (Ok(text), Ok(policy)) => prop_assert_eq!(&rejection(&policy).body, text.as_bytes()),
            (Err(_), Err(_)) => (),
            (theirs, ours) => prop_assert!(false, "{string}: {theirs:?}, {ours:?}"),
        }
    });
}
