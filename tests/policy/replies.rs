//! Replies to clients, byte for byte.

use maintenance_filter::policy::{Decision, Policy};
use maintenance_filter::reply::Reply;
use maintenance_filter::window::Stage::InForce;

use crate::support::{Head, exempting, policy, rejection};

const DEFAULT_BODY: &str = r#"{"error":"maintenance","message":"The service is down for maintenance. Please retry later."}"#;

#[track_caller]
fn assert_headers(reply: &Reply, expected: &[(&str, &str)]) {
    let headers: Vec<_> = reply.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(headers, expected);
}

#[test]
fn the_default_rejection() {
    let policy = policy(r#"{"enabled": true}"#);
    let reply = rejection(&policy);
    assert_eq!(reply.status, 503);
    assert_eq!(reply.details, "maintenance_mode");
    assert_eq!(&*reply.body, DEFAULT_BODY);
    assert_headers(
        &reply,
        &[
            ("retry-after", "60"),
            ("content-type", "application/json"),
            ("cache-control", "no-store"),
        ],
    );
}

#[test]
fn the_default_body_is_a_json_object() {
    let policy = policy(r#"{"enabled": true}"#);
    let body = &rejection(&policy).body;
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert!(body.is_object());
}

#[test]
fn a_configured_rejection() {
    let policy = policy(
        r#"{"enabled": true, "retryAfterSeconds": 604800, "response": {
            "contentType": "text/plain; charset=utf-8", "body": "\u00fcber\nNacht",
            "headers": {"X-Maintenance": "on", "x-empty": "", "Link": "</s>\t; rel=\"ü\""}}}"#,
    );
    let reply = rejection(&policy);
    assert_eq!(reply.status, 503);
    assert_eq!(reply.details, "maintenance_mode");
    assert_eq!(&*reply.body, "über\nNacht");
    assert_headers(
        &reply,
        &[
            ("retry-after", "604800"),
            ("content-type", "text/plain; charset=utf-8"),
            ("cache-control", "no-store"),
            ("x-maintenance", "on"),
            ("x-empty", ""),
            ("link", "</s>\t; rel=\"ü\""),
        ],
    );
}

#[test]
fn an_empty_body_stays_empty() {
    let policy = policy(r#"{"enabled": true, "response": {"body": ""}}"#);
    assert!(rejection(&policy).body.is_empty());
}

#[test]
fn the_local_reply_to_an_exempt_request() {
    let policy = exempting(r#"[{"path": "/live", "action": "Respond"}]"#);
    assert_eq!(policy.decide(InForce, &Head::get("/live")), Decision::Respond);
    let reply = Reply::exempt();
    assert_eq!(reply.status, 200);
    assert_eq!(reply.details, "maintenance_exempt");
    assert!(reply.body.is_empty());
    assert_headers(&reply, &[("cache-control", "no-store")]);
}

#[test]
fn the_log_line_contains_only_the_state() {
    assert_eq!(policy("").summary(InForce), "maintenance is off");
    assert_eq!(Policy::default().summary(InForce), "maintenance is off");
    assert_eq!(
        policy(r#"{"enabled": true}"#).summary(InForce),
        "maintenance is on: Retry-After 60 s, exempt paths 1",
    );
    let several = r#"[{"path": "/a"}, {"path": "/a", "methods": ["PUT"]}, {"pathPrefix": "/a/"}]"#;
    assert_eq!(
        exempting(several).summary(InForce),
        "maintenance is on: Retry-After 60 s, exempt paths 2",
    );
    assert_eq!(
        exempting("[]").summary(InForce),
        "maintenance is on: Retry-After 60 s, exempt paths 0"
    );
}
