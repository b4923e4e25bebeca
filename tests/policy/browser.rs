//! The page for browsers, and the 503 for scripts of other origins.

use maintenance_filter::policy::{Decision, Policy};
use maintenance_filter::reply::Reply;
use maintenance_filter::window::Stage::InForce;

use crate::support::{Head, assert_header, policy, refusal, rejection_of};

fn with_page() -> Policy {
    policy(r#"{"enabled": true, "response": {"html": "<h1>Back soon</h1>"}}"#)
}

fn accepting(accept: &str) -> Head {
    Head::get("/").with("accept", accept)
}

#[track_caller]
fn assert_is_page(reply: &Reply, expected: bool) {
    let content_type = if expected { "text/html; charset=utf-8" } else { "application/json" };
    assert_header(reply, "content-type", Some(content_type));
    assert_eq!(&*reply.body == "<h1>Back soon</h1>", expected, "{}", reply.body);
    assert_header(reply, "vary", Some("accept"));
    assert_header(reply, "x-content-type-options", expected.then_some("nosniff"));
    let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
                  base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    assert_header(reply, "content-security-policy", expected.then_some(policy));
    assert_header(reply, "retry-after", Some("60"));
    assert_header(reply, "cache-control", Some("no-store"));
    assert_eq!((reply.status, reply.details), (503, "maintenance_mode"));
}

#[test]
fn a_client_that_names_html_gets_the_page() {
    for accept in [
        "text/html",
        "TEXT/HTML",
        "application/xhtml+xml",
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
        "text/html;q=0.1",
        "text/html;q=0.001",
        "text/html ; q=0.5 , */*;q=0.1",
        "text/html;level=1;q=1.000",
        "application/json;q=0.5, text/html;q=0.5",
        "application/json, text/html",
        "application/problem+json;q=0.8, text/html;q=0.9",
        "text/html;Q=0.5, application/json;q=0.4",
        ", text/html,",
        "text/html;",
        "text/html; ;q=0.5",
    ] {
        assert_is_page(&rejection_of(&with_page(), &accepting(accept)), true);
    }
}

#[test]
fn every_other_client_gets_the_default_body() {
    for accept in [
        "",
        "*/*",
        "text/*",
        "text/html;q=0",
        "text/html;q=0.000",
        "application/json",
        "application/json, text/html;q=0.9",
        "application/vnd.api+json, text/html;q=0.5",
        "text/plain",
        "text/htmlx",
        "xtext/html",
        "text/html;q=2",
        "text/html;q=1.001",
        "text/html;q=-1",
        "text/html;q=0.0001",
        "text/html;q=",
        "text/html;q=.5",
        "text/html;q=+0.5",
        "text/html;q=0.+5",
        "text/html;q=high",
        "text/html;q",
        "html",
        "text/html, json",
        "text/html;q=0.5;q",
    ] {
        assert_is_page(&rejection_of(&with_page(), &accepting(accept)), false);
    }
    assert_is_page(&rejection_of(&with_page(), &Head::get("/")), false);
    let not_utf8 = Head::get("/").with("accept", b"text/html, \xff");
    assert_is_page(&rejection_of(&with_page(), &not_utf8), false);
}

#[test]
fn only_get_and_head_get_the_page() {
    for (method, expected) in
        [("GET", true), ("HEAD", true), ("POST", false), ("OPTIONS", false), ("get", false)]
    {
        let head = Head::new(method, "/").with("accept", "text/html");
        assert_is_page(&rejection_of(&with_page(), &head), expected);
    }
}

#[test]
fn a_header_of_the_configuration_replaces_the_protection_of_the_page() {
    let policy = policy(
        r#"{"enabled": true, "response": {"html": "x", "headers":
            {"Content-Security-Policy": "default-src 'self'", "vary": "origin"}}}"#,
    );
    let reply = rejection_of(&policy, &accepting("text/html"));
    assert_header(&reply, "content-security-policy", Some("default-src 'self'"));
    let vary: Vec<_> = reply.headers.iter().filter(|(name, _)| name == "vary").collect();
    assert_eq!(vary.len(), 2, "both are needed: {vary:?}");
}

#[test]
fn the_page_has_a_length_limit_and_is_not_empty() {
    let config = |html: &str| format!(r#"{{"enabled": true, "response": {{"html": "{html}"}}}}"#);
    let longest = policy(&config(&"a".repeat(65_536)));
    assert_eq!(rejection_of(&longest, &accepting("text/html")).body.len(), 65_536);
    for html in [String::new(), "a".repeat(65_537)] {
        let message = refusal(config(&html));
        assert!(message.ends_with("is not allowed: must be 1 to 65536 bytes"), "{message}");
    }
}

const APP: &str = "https://app.example.com";

fn with_origins(origins: &str) -> Policy {
    policy(&format!(
        r#"{{"enabled": true, "response": {{"corsOrigins": {origins}}},
            "exemptions": [{{"path": "/live", "methods": ["GET", "PUT"]}}]}}"#
    ))
}

/// Preflight for a request with `method`.
fn preflight(path: &str, origin: &str, method: &str) -> Head {
    Head::new("OPTIONS", path).with("origin", origin).with("access-control-request-method", method)
}

#[track_caller]
fn assert_readable_by(reply: &Reply, origin: Option<&str>) {
    assert_header(reply, "access-control-allow-origin", origin);
    let exact = origin.filter(|origin| *origin != "*");
    assert_header(reply, "access-control-allow-credentials", exact.map(|_| "true"));
    assert_header(reply, "access-control-expose-headers", origin.map(|_| "retry-after"));
    assert_header(reply, "vary", Some("origin"));
}

#[test]
fn a_listed_origin_may_read_the_503() {
    let policy = with_origins(r#"["http://localhost:3000", "https://app.example.com"]"#);
    for (origin, allowed) in [
        (APP, true),
        ("http://localhost:3000", true),
        ("http://localhost:3001", false),
        ("https://app.example.com.evil.example", false),
        ("https://APP.example.com", false),
        ("http://app.example.com", false),
        ("null", false),
        ("", false),
        ("*", false),
    ] {
        let reply = rejection_of(&policy, &Head::get("/").with("origin", origin));
        assert_readable_by(&reply, allowed.then_some(origin));
        assert_eq!(reply.status, 503);
    }
    assert_readable_by(&rejection_of(&policy, &Head::get("/")), None);
}

#[test]
fn every_origin_may_read_the_503_without_credentials() {
    let policy = with_origins(r#"["*"]"#);
    for origin in [APP, "null"] {
        let reply = rejection_of(&policy, &Head::get("/").with("origin", origin));
        assert_readable_by(&reply, Some("*"));
    }
}

#[track_caller]
fn preflight_reply(policy: &Policy, head: &Head) -> Reply {
    assert_eq!(policy.decide(InForce, head), Decision::Preflight);
    policy.preflight_reply(head)
}

#[test]
fn a_preflight_gets_permission_for_its_method_and_headers() {
    let policy = with_origins(r#"["https://app.example.com"]"#);
    let head = preflight("/orders", APP, "PUT")
        .with("access-control-request-headers", "content-type, x-trace");
    let reply = preflight_reply(&policy, &head);
    assert_eq!((reply.status, reply.details, &*reply.body), (204, "maintenance_preflight", ""));
    assert_readable_by(&reply, Some(APP));
    assert_header(&reply, "access-control-allow-methods", Some("PUT"));
    assert_header(&reply, "access-control-allow-headers", Some("content-type, x-trace"));
    assert_header(&reply, "access-control-max-age", Some("0"));
    assert_header(&reply, "cache-control", Some("no-store"));
    assert_header(&reply, "retry-after", None);
    let reply = preflight_reply(&policy, &preflight("/orders", APP, "DELETE"));
    assert_header(&reply, "access-control-allow-headers", None);
}

#[test]
fn a_malformed_list_of_headers_is_not_echoed() {
    let policy = with_origins(r#"["*"]"#);
    for names in ["a b", "x-a;", "", "x-a,,x-b", "x-a\u{e9}"] {
        let head =
            preflight("/", APP, "GET").with("access-control-request-headers", names.as_bytes());
        assert_header(&preflight_reply(&policy, &head), "access-control-allow-headers", None);
    }
    let not_utf8 = preflight("/", APP, "GET").with("access-control-request-headers", b"\xff");
    assert_header(&preflight_reply(&policy, &not_utf8), "access-control-allow-headers", None);
}

#[test]
fn every_other_options_request_is_rejected() {
    let policy = with_origins(r#"["https://app.example.com"]"#);
    let without_method = Head::new("OPTIONS", "/").with("origin", APP);
    let without_origin = Head::new("OPTIONS", "/").with("access-control-request-method", "PUT");
    let get = Head::get("/").with("origin", APP).with("access-control-request-method", "PUT");
    let foreign = preflight("/", "https://evil.example", "PUT");
    let malformed = preflight("/", APP, "PU T");
    for head in [without_method, without_origin, get, foreign, malformed] {
        assert_eq!(rejection_of(&policy, &head).status, 503);
    }
}

/// The application decides about a request that maintenance leaves to it, so the
/// filter must not permit that request in its name.
#[test]
fn a_preflight_for_an_exempt_request_is_not_answered_with_a_permission() {
    let policy = with_origins(r#"["https://app.example.com"]"#);
    assert_readable_by(&rejection_of(&policy, &preflight("/live", APP, "PUT")), Some(APP));
    preflight_reply(&policy, &preflight("/live", APP, "DELETE"));
    let forwarded = policy_with_exempt_options();
    assert_eq!(forwarded.decide(InForce, &preflight("/live", APP, "PUT")), Decision::Forward);
}

fn policy_with_exempt_options() -> Policy {
    policy(
        r#"{"enabled": true, "response": {"corsOrigins": ["*"]},
            "exemptions": [{"path": "/live", "methods": ["OPTIONS", "PUT"]}]}"#,
    )
}

#[test]
fn a_preflight_in_a_dry_run_would_be_rejected() {
    let policy = policy(r#"{"enabled": true, "dryRun": true, "response": {"corsOrigins": ["*"]}}"#);
    assert_eq!(policy.decide(InForce, &preflight("/", APP, "PUT")), Decision::WouldReject);
}

#[test]
fn a_page_and_origins_are_both_named_in_vary() {
    let policy = policy(r#"{"enabled": true, "response": {"html": "x", "corsOrigins": ["*"]}}"#);
    let reply = rejection_of(&policy, &Head::get("/"));
    let vary = reply.headers.iter().filter(|(name, _)| name == "vary");
    let values: Vec<_> = vary.map(|(_, value)| value.as_str()).collect();
    assert_eq!(values, ["accept", "origin"]);
}

#[test]
fn retry_after_is_exposed_beside_the_headers_of_the_configuration() {
    let policy = policy(
        r#"{"enabled": true, "response": {"corsOrigins": ["*"],
            "headers": {"access-control-expose-headers": "x-reason"}}}"#,
    );
    let reply = rejection_of(&policy, &Head::get("/cart").with("origin", APP));
    let exposed = reply.headers.iter().filter(|(name, _)| name == "access-control-expose-headers");
    assert!(exposed.map(|(_, value)| value).eq(["x-reason", "retry-after"]), "{reply:?}");
}
