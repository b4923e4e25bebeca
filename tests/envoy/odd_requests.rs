//! Unusual and malformed requests. They must neither trap the module nor bypass
//! the filter.

use harness::client::{Http, request, send, send_raw};
use harness::envoy::Envoy;
use harness::upstream::{self, Upstream};

use crate::raw::get_over_http2;
use crate::support::{
    BODY, HEALTH_CHECK, OFF, ON, VERSIONS, assert_application, assert_maintenance, start,
};

const LONG_PATH_BYTES: usize = 50_000;

/// Sends a raw request line and raw headers and returns the status code.
async fn status(envoy: &Envoy, request_line: &[u8], headers: &[u8]) -> String {
    let rest: &[u8] = b"host: service.example\r\nconnection: close\r\n\r\n";
    let bytes = [request_line, b"\r\n", headers, rest].concat();
    let answer = String::from_utf8_lossy(&send_raw(envoy.address(), &bytes).await).into_owned();
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

/// Asserts that the VM still runs. After a trap, the next request would fail.
async fn assert_vm_alive(envoy: &Envoy, upstream: &Upstream) {
    assert_maintenance(&envoy.get("/").await);
    let before = upstream.requests().len();
    assert_eq!(envoy.get(HEALTH_CHECK).await.status, 200);
    assert_eq!(upstream.requests().len(), before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn header_bytes_that_are_not_utf8_do_not_trap() {
    let (envoy, upstream) = start(ON).await;
    let header = b"x-name: \xff\xfe\x80\r\ncookie: \xc3\x28\r\n";
    assert_eq!(status(&envoy, b"GET / HTTP/1.1", header).await, "503");
    assert_eq!(status(&envoy, b"GET /load-balancer/health-check HTTP/1.1", header).await, "200");
    assert_eq!(upstream.requests().len(), 1);
    assert_vm_alive(&envoy, &upstream).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn header_bytes_that_are_not_utf8_pass_while_disabled() {
    let (envoy, upstream) = start(OFF).await;
    assert_eq!(status(&envoy, b"GET / HTTP/1.1", b"x-name: \xff\xfe\r\n").await, "200");
    assert_eq!(upstream.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn envoy_itself_rejects_a_path_that_is_not_utf8_over_http1() {
    let (envoy, upstream) = start(ON).await;
    assert_eq!(status(&envoy, b"GET /b/\xff\xfe HTTP/1.1", b"").await, "400");
    upstream.assert_untouched();
    assert_vm_alive(&envoy, &upstream).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_is_not_utf8_is_rejected_over_http2() {
    let configuration = r#"{"enabled": true, "exemptions": [{"pathPrefix": "/a/"},
        {"path": "/load-balancer/health-check"}]}"#;
    let (envoy, upstream) = start(configuration).await;
    let authority = Some(&b"service.example"[..]);
    let answer = get_over_http2(envoy.address(), b"/b/\xff\xfe", authority, BODY.as_bytes()).await;
    assert!(answer.is_some(), "no maintenance reply before the timeout");
    upstream.assert_untouched();
    assert_vm_alive(&envoy, &upstream).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_paths_are_compared_in_full() {
    let configuration = r#"{"enabled": true, "exemptions": [{"pathPrefix": "/a/"},
        {"path": "/load-balancer/health-check"}]}"#;
    let (envoy, upstream) = start(configuration).await;
    for http in VERSIONS {
        let below = format!("/a/{}", "b/".repeat(LONG_PATH_BYTES / 2));
        assert_eq!(send(envoy.address(), http, request("GET", &below)).await.status, 200);
        let before = upstream.requests().len();
        for path in [
            format!("/{}", "b/".repeat(LONG_PATH_BYTES / 2)),
            format!("/{}", "/".repeat(LONG_PATH_BYTES)),
            format!("/a/{}/../c", "b".repeat(LONG_PATH_BYTES)),
            format!("{HEALTH_CHECK}{}", "k".repeat(LONG_PATH_BYTES)),
        ] {
            assert_maintenance(&send(envoy.address(), http, request("GET", &path)).await);
        }
        assert_eq!(upstream.requests().len(), before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absolute_target_is_matched_by_its_path() {
    let (envoy, upstream) = start(ON).await;
    let exempt = b"GET http://service.example/load-balancer/health-check HTTP/1.1";
    assert_eq!(status(&envoy, exempt, b"").await, "200");
    let other = b"GET http://service.example/orders HTTP/1.1";
    assert_eq!(status(&envoy, other, b"").await, "503");
    assert_eq!(upstream.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn options_asterisk_stops_at_the_proxy() {
    let (envoy, upstream) = start(ON).await;
    // Envoy rejects a target without a path before it runs any HTTP filter.
    assert_eq!(status(&envoy, b"OPTIONS * HTTP/1.1", b"").await, "404");
    upstream.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_is_not_overridden_by_a_header() {
    let (envoy, upstream) = start(ON).await;
    let request_line = b"POST /load-balancer/health-check HTTP/1.1";
    let header = b"x-http-method-override: GET\r\n";
    assert_eq!(status(&envoy, request_line, header).await, "503");
    upstream.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_is_not_overridden_by_a_header() {
    let (envoy, upstream) = start(ON).await;
    let headers = b"x-envoy-original-path: /load-balancer/health-check\r\n\
        x-rewrite-url: /load-balancer/health-check\r\n";
    assert_eq!(status(&envoy, b"GET /orders HTTP/1.1", headers).await, "503");
    upstream.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_in_lower_case_is_not_exempt() {
    let (envoy, upstream) = start(ON).await;
    let answer = send(envoy.address(), Http::Two, request("get", HEALTH_CHECK)).await;
    assert_eq!(answer.status, 503);
    upstream.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_body_cannot_smuggle_another_request() {
    let (envoy, upstream) = start(ON).await;
    let inner = "GET /load-balancer/health-check HTTP/1.1\r\nhost: service.example\r\n\r\n";
    let length = format!("content-length: {}\r\nconnection: close\r\n\r\n{inner}", inner.len());
    let outer = format!("POST / HTTP/1.1\r\nhost: service.example\r\n{length}");
    let answer =
        String::from_utf8_lossy(&send_raw(envoy.address(), outer.as_bytes()).await).into_owned();
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    upstream.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelined_requests_are_decided_one_by_one() {
    let (envoy, upstream) = start(ON).await;
    let get = |path: &str, extra_header: &str| {
        format!("GET {path} HTTP/1.1\r\nhost: service.example\r\n{extra_header}\r\n")
    };
    let pipelined =
        [get("/", ""), get(HEALTH_CHECK, ""), get("/", "connection: close\r\n")].concat();
    let answer = String::from_utf8_lossy(&send_raw(envoy.address(), pipelined.as_bytes()).await)
        .into_owned();
    let statuses: Vec<_> = answer
        .match_indices("HTTP/1.1 ")
        .filter_map(|(at, _)| answer.get(at + 9..at + 12))
        .collect();
    assert_eq!(statuses, ["503", "200", "503"], "{answer}");
    assert!(answer.contains(upstream::BODY));
    assert_eq!(upstream.requests(), [format!("GET {HEALTH_CHECK}")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_http2_connection_carries_both_kinds_of_response() {
    let (envoy, upstream) = start(ON).await;
    let mut client =
        harness::client::Client::connect(envoy.address(), Http::Two).await.expect("a connection");
    for _ in 0..50 {
        assert_maintenance(&client.send(request("GET", "/")).await.expect("a response"));
        let exempt = client.send(request("GET", HEALTH_CHECK)).await.expect("a response");
        assert_application(&exempt);
    }
    assert_eq!(upstream.requests().len(), 50);
}
