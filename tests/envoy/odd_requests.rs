//! Requests that a parser or a getter might stumble over: never a trap, and
//! no way round the filter.

use harness::client::{Http, raw, request, send};
use harness::envoy::Envoy;
use harness::upstream::{self, Upstream};

use crate::raw::get_over_http2;
use crate::support::{BODY, HEALTH, OFF, ON, VERSIONS, assert_maintenance, judge, with};

const LONG: usize = 50_000;

/// Sends `line` and `headers` as they are and returns the status code.
async fn status(envoy: &Envoy, line: &[u8], headers: &[u8]) -> String {
    let rest: &[u8] = b"host: service.example\r\nconnection: close\r\n\r\n";
    let bytes = [line, b"\r\n", headers, rest].concat();
    let answer = String::from_utf8_lossy(&raw(envoy.address(), &bytes).await).into_owned();
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

/// A trap shows in the next request: the VM is gone.
async fn assert_alive(envoy: &Envoy, upstream: &Upstream) {
    assert_maintenance(&envoy.get("/").await);
    let before = upstream.requests().len();
    assert_eq!(envoy.get(HEALTH).await.status, 200);
    assert_eq!(upstream.requests().len(), before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn header_bytes_that_are_not_utf8_do_not_trap() {
    let (envoy, upstream) = with(ON).await;
    let header = b"x-name: \xff\xfe\x80\r\ncookie: \xc3\x28\r\n";
    assert_eq!(status(&envoy, b"GET / HTTP/1.1", header).await, "503");
    assert_eq!(status(&envoy, b"GET /load-balancer/health-check HTTP/1.1", header).await, "200");
    assert_eq!(upstream.requests().len(), 1);
    assert_alive(&envoy, &upstream).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn header_bytes_that_are_not_utf8_pass_while_disabled() {
    let (envoy, upstream) = with(OFF).await;
    assert_eq!(status(&envoy, b"GET / HTTP/1.1", b"x-name: \xff\xfe\r\n").await, "200");
    assert_eq!(upstream.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn envoy_itself_refuses_a_path_that_is_not_utf8_over_http1() {
    let (envoy, upstream) = with(ON).await;
    assert_eq!(status(&envoy, b"GET /b/\xff\xfe HTTP/1.1", b"").await, "400");
    assert_eq!(upstream.requests(), [""; 0]);
    assert_alive(&envoy, &upstream).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_is_not_utf8_is_rejected_over_http2() {
    let configuration = r#"{"enabled": true, "exemptions": [{"pathPrefix": "/a/"},
        {"path": "/load-balancer/health-check"}]}"#;
    let (envoy, upstream) = with(configuration).await;
    let answer = get_over_http2(envoy.address(), b"/b/\xff\xfe", BODY.as_bytes()).await;
    assert!(answer.is_some(), "no maintenance reply in time");
    assert_eq!(upstream.requests(), [""; 0]);
    assert_alive(&envoy, &upstream).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_paths_are_compared_in_full() {
    let configuration = r#"{"enabled": true, "exemptions": [{"pathPrefix": "/a/"},
        {"path": "/load-balancer/health-check"}]}"#;
    let (envoy, upstream) = with(configuration).await;
    for http in VERSIONS {
        let below = format!("/a/{}", "b/".repeat(LONG / 2));
        assert_eq!(send(envoy.address(), http, request("GET", &below)).await.status, 200);
        let before = upstream.requests().len();
        for path in [
            format!("/{}", "b/".repeat(LONG / 2)),
            format!("/{}", "/".repeat(LONG)),
            format!("/a/{}/../c", "b".repeat(LONG)),
            format!("{HEALTH}{}", "k".repeat(LONG)),
        ] {
            assert_maintenance(&send(envoy.address(), http, request("GET", &path)).await);
        }
        assert_eq!(upstream.requests().len(), before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absolute_target_is_matched_by_its_path() {
    let (envoy, upstream) = with(ON).await;
    let exempt = b"GET http://service.example/load-balancer/health-check HTTP/1.1";
    assert_eq!(status(&envoy, exempt, b"").await, "200");
    let other = b"GET http://service.example/orders HTTP/1.1";
    assert_eq!(status(&envoy, other, b"").await, "503");
    assert_eq!(upstream.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn options_asterisk_stops_at_the_proxy() {
    let (envoy, upstream) = with(ON).await;
    // Envoy itself refuses a target without a path, before any filter.
    assert_eq!(status(&envoy, b"OPTIONS * HTTP/1.1", b"").await, "404");
    assert_eq!(upstream.requests(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_is_not_overridden_by_a_header() {
    let (envoy, upstream) = with(ON).await;
    let line = b"POST /load-balancer/health-check HTTP/1.1";
    let header = b"x-http-method-override: GET\r\n";
    assert_eq!(status(&envoy, line, header).await, "503");
    assert_eq!(upstream.requests(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_is_not_overridden_by_a_header() {
    let (envoy, upstream) = with(ON).await;
    let headers = b"x-envoy-original-path: /load-balancer/health-check\r\n\
        x-rewrite-url: /load-balancer/health-check\r\n";
    assert_eq!(status(&envoy, b"GET /orders HTTP/1.1", headers).await, "503");
    assert_eq!(upstream.requests(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_in_lower_case_is_not_exempt() {
    let (envoy, upstream) = with(ON).await;
    let answer = send(envoy.address(), Http::Two, request("get", HEALTH)).await;
    assert_eq!(answer.status, 503);
    assert_eq!(upstream.requests(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_body_cannot_smuggle_another_request() {
    let (envoy, upstream) = with(ON).await;
    let inner = "GET /load-balancer/health-check HTTP/1.1\r\nhost: service.example\r\n\r\n";
    let length = format!("content-length: {}\r\nconnection: close\r\n\r\n{inner}", inner.len());
    let outer = format!("POST / HTTP/1.1\r\nhost: service.example\r\n{length}");
    let answer =
        String::from_utf8_lossy(&raw(envoy.address(), outer.as_bytes()).await).into_owned();
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    assert_eq!(upstream.requests(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelined_requests_are_decided_one_by_one() {
    let (envoy, upstream) = with(ON).await;
    let get = |path: &str, last: &str| {
        format!("GET {path} HTTP/1.1\r\nhost: service.example\r\n{last}\r\n")
    };
    let all = [get("/", ""), get(HEALTH, ""), get("/", "connection: close\r\n")].concat();
    let answer = String::from_utf8_lossy(&raw(envoy.address(), all.as_bytes()).await).into_owned();
    let statuses: Vec<_> = answer
        .match_indices("HTTP/1.1 ")
        .filter_map(|(at, _)| answer.get(at + 9..at + 12))
        .collect();
    assert_eq!(statuses, ["503", "200", "503"], "{answer}");
    assert!(answer.contains(upstream::BODY));
    assert_eq!(upstream.requests(), [format!("GET {HEALTH}")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_http2_connection_carries_both_kinds_of_answer() {
    let (envoy, upstream) = with(ON).await;
    let mut client =
        harness::client::Client::connect(envoy.address(), Http::Two).await.expect("a connection");
    for _ in 0..50 {
        assert_maintenance(&client.send(request("GET", "/")).await.expect("an answer"));
        let exempt = client.send(request("GET", HEALTH)).await.expect("an answer");
        assert!(judge(&exempt).is_some_and(|who| who == harness::load::Verdict::Application));
    }
    assert_eq!(upstream.requests().len(), 50);
}
