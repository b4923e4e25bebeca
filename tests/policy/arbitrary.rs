//! Property test with arbitrary bytes, arbitrary JSON and mutated valid
//! configurations.

use maintenance_filter::policy::Policy;
use maintenance_filter::window::Stage::{Ended, Extended, InForce, Scheduled};
use proptest::prelude::*;

use crate::support::{Head, assert_readable, policy};

/// Configuration with a valid value for every field.
const VALID: &str = r#"{"enabled": true, "dryRun": false, "retryAfterSeconds": 300,
    "retryAfterJitterSeconds": 30,
    "window": {"start": "2026-11-24T02:00:00Z", "end": "2026-11-24T05:00:00+01:00", "onEnd": "Extend"},
    "exemptions": [
    {"path": "/a", "methods": ["GET", "HEAD"], "action": "Respond"}, {"pathPrefix": "/b/"}],
    "scope": {"hosts": ["*.example.com", "[::1]"], "pathPrefixes": ["/"]},
    "bypass": {"header": "x-token",
        "sha256": ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]},
    "response": {"contentType": "text/plain", "body": "d\u00e9", "headers": {"x-a": "b"},
        "html": "<h1>x</h1>", "corsOrigins": ["https://a.example"],
        "grpcRetryPushback": "RetryAfter"}}"#;

/// Strings that a mutation inserts into a valid configuration.
const PIECES: &[&str] = &[
    "",
    "\"",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "1",
    "-",
    "1e9",
    "\\",
    "\\ud800",
    "\u{0}",
    "\n",
    "\"path\": \"/\", ",
    "\"enabled\": 1, ",
    "é",
    "x",
    "/",
    " ",
];

/// Keys of generated objects: every known field name, and unknown names.
const KEYS: &[&str] = &[
    "enabled",
    "dryRun",
    "window",
    "start",
    "end",
    "onEnd",
    "scope",
    "hosts",
    "pathPrefixes",
    "bypass",
    "header",
    "sha256",
    "html",
    "corsOrigins",
    "grpcRetryPushback",
    "retryAfterJitterSeconds",
    "retryAfterSeconds",
    "exemptions",
    "response",
    "path",
    "pathPrefix",
    "methods",
    "action",
    "contentType",
    "body",
    "headers",
    "x",
    "",
];

/// Scalar values that at least one field accepts or nearly accepts.
const LEAVES: &[&str] = &["null", "true", "1", "-1", "1.5", "\"\"", "\"/a/\"", "\"GET\""];

/// Mutation of a text: the position, the number of bytes to remove there, and the
/// bytes to insert.
fn mutation() -> impl Strategy<Value = (prop::sample::Index, usize, Vec<u8>)> {
    let piece = prop_oneof![
        4 => prop::sample::select(PIECES).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    (any::<prop::sample::Index>(), 0_usize..12, piece)
}

/// Valid configuration with a few mutations.
fn mutated_configuration() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(mutation(), 1..5).prop_map(|mutations| {
        let mut text = VALID.as_bytes().to_vec();
        for (position, removed, piece) in mutations {
            let from = position.index(text.len() + 1);
            let to = text.len().min(from + removed);
            text.splice(from..to, piece);
        }
        text
    })
}

/// Valid JSON, often with known keys.
fn any_json() -> impl Strategy<Value = Vec<u8>> {
    let key = prop::sample::select(KEYS).prop_map(String::from);
    let leaf = prop_oneof![
        prop::sample::select(LEAVES).prop_map(String::from),
        any::<String>().prop_map(|text| serde_json::Value::String(text).to_string()),
        any::<f64>().prop_map(|number| serde_json::Value::from(number).to_string()),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let entry = (key.clone(), inner.clone())
            .prop_map(|(key, value)| format!("{}:{value}", serde_json::Value::String(key)));
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|list| format!("[{}]", list.join(","))),
            prop::collection::vec(entry, 0..4).prop_map(|map| format!("{{{}}}", map.join(","))),
        ]
    })
    .prop_map(String::into_bytes)
}

#[test]
fn no_configuration_and_no_request_panics() {
    policy(VALID);
    let config = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..64),
        any_json(),
        mutated_configuration(),
    ];
    let bytes = || prop::collection::vec(any::<u8>(), 0..64);
    proptest!(ProptestConfig::with_cases(10_000), |(
        config in config, path in bytes(), method in bytes(), now in any::<u64>(),
    )| {
        match Policy::from_json(&config) {
            Ok(policy) => {
                policy.decide(InForce, &Head::new(&method, &path));
                for stage in [Scheduled, InForce, Extended, Ended] {
                    prop_assert!(policy.summary(stage).starts_with("maintenance is "));
                }
                let retry_after = policy.retry_after(InForce, now, |most| most).0;
                prop_assert!((1..=604_800).contains(&retry_after));
            }
            Err(error) => assert_readable(&error.to_string()),
        }
    });
}
