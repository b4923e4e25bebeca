//! Bad configurations: refused with our message, and never at the cost of a request.

use std::time::Duration;

use harness::envoy::{Bootstrap, Envoy, Filter};
use harness::upstream::Upstream;
use harness::wait::eventually;

use crate::support::{OFF, ON, assert_application, assert_maintenance, switchable};

/// One of every kind, with the line that an operator meets.
const BAD: [(&str, &str); 14] = [
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
        "retryAfter: 5 is not allowed: unknown field, known here: enabled, retryAfterSeconds, exemptions, response",
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

fn line(message: &str) -> String {
    format!("plugin configuration refused: {message}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_update_leaves_maintenance_on() {
    let (mut envoy, upstream) = switchable(ON).await;
    for (bad, message) in BAD {
        envoy.refuse(bad).await;
        assert_maintenance(&envoy.get("/").await);
        let said = async || envoy.log().contains(&line(message)).then_some(());
        eventually(message, Duration::from_secs(10), said).await;
    }
    assert_eq!(upstream.requests(), [""; 0]);
    assert_eq!(envoy.admin().metric("maintenance_active").await, Some(1));
    envoy.switch(OFF).await;
    assert_application(&envoy.get("/").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_update_leaves_maintenance_off() {
    let (mut envoy, upstream) = switchable(OFF).await;
    for (bad, _) in BAD {
        envoy.refuse(bad).await;
        assert_application(&envoy.get("/").await);
    }
    assert_eq!(upstream.requests().len(), BAD.len());
    assert_eq!(envoy.admin().metric("maintenance_active").await, Some(0));
    envoy.switch(ON).await;
    assert_maintenance(&envoy.get("/").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_bad_start_the_default_configuration_serves() {
    let (mut envoy, upstream) = switchable(r#"{"enabled": true, "retryAfterSeconds": 0}"#).await;
    assert_application(&envoy.get("/").await);
    assert_eq!(upstream.requests().len(), 1);
    envoy.switch(ON).await;
    assert_maintenance(&envoy.get("/").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_plugin_is_refused_with_its_listener() {
    let upstream = Upstream::start().await;
    let mut envoy = Envoy::start(&Bootstrap::inline(upstream.address(), ON)).await;
    envoy.refuse_listener(&[Filter::Inline("{".into())]).await;
    assert_maintenance(&envoy.get("/").await);
    assert_eq!(upstream.requests(), [""; 0]);
}
