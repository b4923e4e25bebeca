//! Invalid configurations. The plugin rejects each with its message, and no
//! request fails because of it.

use std::time::Duration;

use harness::envoy::{Bootstrap, Envoy, Filter};
use harness::upstream::Upstream;
use harness::wait::eventually;

use crate::support::{OFF, ON, assert_application, assert_maintenance, start_switchable};

/// Invalid configuration of every kind, with the message that an operator sees.
const INVALID: [(&str, &str); 14] = [
    ("{", "not valid JSON: EOF while parsing an object at line 1 column 1"),
    ("{} x", "not valid JSON: trailing characters at line 1 column 4"),
    ("[]", "[] is not allowed: must be a JSON object"),
    ("null", "null is not allowed: must be a JSON object"),
    (r#"{"enabled": "yes"}"#, r#"enabled: "yes" is not allowed: must be true or false"#),
    (
        r#"{"enabled": true, "enabled": false}"#,
        "enabled: false is not allowed: a field may be given only once",
    ),
    (
        r#"{"enabled": true, "retryAfter": 5}"#,
        "retryAfter: 5 is not allowed: unknown field, known here: enabled, dryRun, window, retryAfterSeconds, retryAfterJitterSeconds, exemptions, scope, bypass, response",
    ),
    (
        r#"{"enabled": true, "retryAfterSeconds": 0}"#,
        "retryAfterSeconds: 0 is not allowed: must be a whole number of seconds from 1 to 604800",
    ),
    (
        r#"{"enabled": true, "retryAfterSeconds": "Wed, 21 Oct 2026 07:28:00 GMT"}"#,
        "retryAfterSeconds: \"Wed, 21 Oct 2026 07:28:00 GMT\" is not allowed: \
         must be a whole number of seconds from 1 to 604800",
    ),
    (
        r#"{"enabled": true, "exemptions": [{"path": "health"}]}"#,
        "exemptions[0].path: \"health\" is not allowed: must begin with \"/\" and be at most \
         1024 bytes of ASCII without \"?\", \"#\" or control characters",
    ),
    (
        r#"{"enabled": true, "exemptions": [{"path": "/a"}, {"methods": ["GET"]}]}"#,
        r#"exemptions[1]: {"methods": ["GET"]} is not allowed: must have exactly one of path and pathPrefix"#,
    ),
    (
        r#"{"enabled": true, "exemptions": [{"path": "/a", "methods": ["get"]}]}"#,
        "exemptions[0].methods[0]: \"get\" is not allowed: must be an HTTP method in upper case, as \"GET\"",
    ),
    (
        r#"{"enabled": true, "response": {"headers": {"Retry-After": "5"}}}"#,
        "response.headers[\"Retry-After\"]: \"5\" is not allowed: \
         this header is set by the filter or by HTTP itself",
    ),
    (
        r#"{"enabled": true, "response": {"contentType": "a\r\nset-cookie: b"}}"#,
        "response.contentType: \"a\\r\\nset-cookie: b\" is not allowed: \
         must be a header value: no control characters, no space at either end",
    ),
];

fn log_line(message: &str) -> String {
    format!("plugin configuration refused: {message}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_update_leaves_maintenance_on() {
    let (mut envoy, upstream) = start_switchable(ON).await;
    for (configuration, message) in INVALID {
        envoy.publish_rejected(configuration).await;
        assert_maintenance(&envoy.get("/").await);
        let logged = async || envoy.log().contains(&log_line(message)).then_some(());
        eventually(message, Duration::from_secs(10), logged).await;
    }
    upstream.assert_untouched();
    assert_eq!(envoy.admin().metric("maintenance_active").await, Some(1));
    envoy.switch(OFF).await;
    assert_application(&envoy.get("/").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_update_leaves_maintenance_off() {
    let (mut envoy, upstream) = start_switchable(OFF).await;
    for (configuration, _) in INVALID {
        envoy.publish_rejected(configuration).await;
        assert_application(&envoy.get("/").await);
    }
    assert_eq!(upstream.requests().len(), INVALID.len());
    assert_eq!(envoy.admin().metric("maintenance_active").await, Some(0));
    envoy.switch(ON).await;
    assert_maintenance(&envoy.get("/").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_configuration_applies_if_the_first_one_is_invalid() {
    let (mut envoy, upstream) =
        start_switchable(r#"{"enabled": true, "retryAfterSeconds": 0}"#).await;
    assert_application(&envoy.get("/").await);
    assert_eq!(upstream.requests().len(), 1);
    envoy.switch(ON).await;
    assert_maintenance(&envoy.get("/").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_with_an_invalid_plugin_is_rejected() {
    let upstream = Upstream::start().await;
    let mut envoy = Envoy::start(&Bootstrap::inline(upstream.address(), ON)).await;
    envoy.publish_rejected_filters(&[Filter::Inline("{".into())]).await;
    assert_maintenance(&envoy.get("/").await);
    upstream.assert_untouched();
}
