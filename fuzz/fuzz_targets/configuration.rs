//! Configuration: any bytes are accepted or refused with one line that names the
//! field. The JSON Schema accepts every configuration that the filter accepts.

#![no_main]

use libfuzzer_sys::fuzz_target;
use maintenance_filter::policy::{Mode, Policy};
use maintenance_filter::window::Stage::{Ended, Extended, InForce, Scheduled};
use maintenance_filter_fuzz::assert_schema_accepts;
use maintenance_filter_fuzz::support::{Head, assert_readable};
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    match Policy::from_json(bytes) {
        Err(error) => assert_readable(&error.to_string()),
        Ok(_) if bytes.is_empty() => {}
        Ok(policy) => {
            let value: Value = serde_json::from_slice(bytes).expect("the filter accepts only JSON");
            assert_schema_accepts(&value);
            assert_mode(&policy, &value);
            assert_one_line(&policy);
            assert_reply(&policy);
        }
    }
});

fn assert_mode(policy: &Policy, value: &Value) {
    let expected = match (&value["enabled"], &value["dryRun"]) {
        (Value::Bool(true), Value::Bool(true)) => Mode::DryRun,
        (Value::Bool(true), _) => Mode::On,
        _ => Mode::Off,
    };
    assert_eq!(policy.mode(InForce), expected, "{value}");
}

fn assert_one_line(policy: &Policy) {
    for stage in [Scheduled, InForce, Extended, Ended] {
        let summary = policy.summary(stage);
        assert!(!summary.contains(char::is_control), "{summary:?}");
    }
}

/// Asserts that the proxy can send the 503.
fn assert_reply(policy: &Policy) {
    let retry_after = policy.retry_after(InForce, 1_795_485_600, |most| most);
    assert!((1..=604_800).contains(&retry_after.0), "{retry_after:?}");
    let browser = Head::get("/").with("accept", "text/html").with("origin", "https://a.example");
    let grpc = Head::new("POST", "/a/b").with("content-type", "application/grpc");
    for head in [browser, grpc] {
        let reply = policy.rejection(&head, retry_after);
        assert_eq!(reply.status, 503);
        for (name, value) in &reply.headers {
            http::HeaderName::try_from(name).expect("a header name");
            http::HeaderValue::try_from(value).expect("a header value");
        }
        for once in ["retry-after", "content-type", "cache-control"] {
            let count = reply.headers.iter().filter(|(name, _)| name == once).count();
            assert_eq!(count, 1, "{once} in {:?}", reply.headers);
        }
    }
}
