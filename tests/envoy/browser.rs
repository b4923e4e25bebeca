//! The page for browsers and the headers for scripts of other origins. The suite
//! `make test-browser` shows what a browser makes of them.

use harness::client::{Answer, Body, request, send};
use hyper::Request;
use hyper::header::HeaderValue;

use crate::evidence::eventually_metric;
use crate::support::{BODY, HEALTH_CHECK, VERSIONS, assert_application, start};

const ORIGIN: &str = "https://app.example.com";

fn with_headers(method: &str, path: &str, headers: &[(&'static str, &str)]) -> Request<Body> {
    let mut request = request(method, path);
    for (name, value) in headers {
        request.headers_mut().insert(*name, HeaderValue::from_str(value).expect("a value"));
    }
    request
}

#[track_caller]
fn assert_page(answer: &Answer, body: &str) {
    assert_eq!((answer.status, &answer.body[..]), (503, body.as_bytes()));
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(answer.header("content-length"), "18");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.header("content-security-policy").starts_with("default-src 'none'; "));
    assert_eq!((answer.header("vary"), answer.header("retry-after")), ("accept", "60"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_gets_the_page_and_every_other_client_the_json() {
    let configuration = r#"{"enabled": true, "response": {"html": "<h1>Back soon</h1>"}}"#;
    let (envoy, upstream) = start(configuration).await;
    let browser = [("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")];
    for http in VERSIONS {
        let send = |request| send(envoy.address(), http, request);
        assert_page(&send(with_headers("GET", "/cart", &browser)).await, "<h1>Back soon</h1>");
        assert_page(&send(with_headers("HEAD", "/cart", &browser)).await, "");
        for (method, headers) in [
            ("GET", &[("accept", "*/*")][..]),
            ("GET", &[("accept", "text/html;q=")]),
            ("GET", &[("accept", "text/html;q=2, ;;,")]),
            ("GET", &[]),
            ("POST", &browser),
        ] {
            let answer = send(with_headers(method, "/cart", headers)).await;
            assert_eq!((answer.status, &answer.body[..]), (503, BODY.as_bytes()));
            assert_eq!(answer.header("content-type"), "application/json");
            assert_eq!(answer.header("vary"), "accept");
        }
    }
    upstream.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preflight_is_permitted_and_the_503_can_be_read() {
    let configuration = r#"{"enabled": true, "response":
        {"corsOrigins": ["https://app.example.com"], "headers": {"x-reason": "migration"}}}"#;
    let (envoy, upstream) = start(configuration).await;
    let preflight = [
        ("origin", ORIGIN),
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", "content-type,x-trace"),
    ];
    for http in VERSIONS {
        let send = |request| send(envoy.address(), http, request);
        let answer = send(with_headers("OPTIONS", "/orders", &preflight)).await;
        assert_eq!((answer.status, answer.body.len()), (204, 0));
        for (name, value) in [
            ("access-control-allow-origin", ORIGIN),
            ("access-control-allow-methods", "PUT"),
            ("access-control-allow-headers", "content-type,x-trace"),
            ("access-control-max-age", "0"),
            ("cache-control", "no-store"),
            ("vary", "origin"),
            ("retry-after", ""),
            ("content-length", ""),
        ] {
            assert_eq!(answer.header(name), value, "{name}");
        }
        let answer = send(with_headers("PUT", "/orders", &[("origin", ORIGIN)])).await;
        assert_eq!((answer.status, &answer.body[..]), (503, BODY.as_bytes()));
        assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
        assert_eq!(answer.header("access-control-expose-headers"), "retry-after");
        assert_eq!(answer.header("x-reason"), "migration");
        let foreign = [("origin", "https://evil.example"), preflight[1]];
        let answer = send(with_headers("OPTIONS", "/orders", &foreign)).await;
        assert_eq!(answer.status, 503);
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
    upstream.assert_untouched();
    eventually_metric(&envoy, "maintenance_rejected_requests_total", 6).await;
    assert!(envoy.log().contains("access 204 maintenance_preflight"), "{}", envoy.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preflight_for_an_exempt_request_is_rejected() {
    let configuration = r#"{"enabled": true, "response": {"corsOrigins": ["*"]}}"#;
    let (envoy, upstream) = start(configuration).await;
    let preflight = [("origin", ORIGIN), ("access-control-request-method", "GET")];
    for http in VERSIONS {
        let request = with_headers("OPTIONS", HEALTH_CHECK, &preflight);
        let answer = send(envoy.address(), http, request).await;
        assert_eq!((answer.status, answer.header("access-control-allow-methods")), (503, ""));
    }
    upstream.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn exempt_requests_get_no_page_and_no_cors_headers() {
    let configuration = r#"{"enabled": true, "response": {"html": "x", "corsOrigins": ["*"]}}"#;
    let (envoy, upstream) = start(configuration).await;
    let headers = [("origin", ORIGIN), ("accept", "text/html")];
    for http in VERSIONS {
        let answer = send(envoy.address(), http, with_headers("GET", HEALTH_CHECK, &headers)).await;
        assert_application(&answer);
        assert_eq!(answer.header("vary"), "");
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
    assert_eq!(upstream.requests().len(), 2);
}
