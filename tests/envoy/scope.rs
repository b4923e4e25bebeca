//! Scope: maintenance for some hosts and paths.

use harness::client::{Http, request, send};
use hyper::Uri;
use hyper::header::HOST;
use tonic::Code;

use crate::evidence::eventually_metric;
use crate::protocols::call_grpc;
use crate::raw::get_over_http2;
use crate::support::{BODY, OFF, VERSIONS, assert_application, assert_maintenance, start};

#[tokio::test(flavor = "multi_thread")]
async fn only_hosts_in_scope_are_in_maintenance() {
    let configuration =
        r#"{"enabled": true, "scope": {"hosts": ["shop.example.com", "*.test.example.com"]}}"#;
    let (envoy, upstream) = start(configuration).await;
    let in_scope =
        ["shop.example.com", "SHOP.example.com:8443", "shop.example.com.", "a.test.example.com"];
    let out_of_scope = ["blog.example.com", "test.example.com", "shop.example.com.evil.example"];
    for http in VERSIONS {
        for host in in_scope {
            assert_maintenance(&send(envoy.address(), http, request_to(host, http)).await);
        }
        for host in out_of_scope {
            assert_application(&send(envoy.address(), http, request_to(host, http)).await);
        }
    }
    assert_eq!(upstream.requests().len(), 6);
    eventually_metric(&envoy, "maintenance_out_of_scope_requests_total", 6).await;
    eventually_metric(&envoy, "maintenance_rejected_requests_total", 8).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_with_user_information_is_in_scope() {
    let (envoy, upstream) =
        start(r#"{"enabled": true, "scope": {"hosts": ["shop.example.com"]}}"#).await;
    let request = request_to("user@blog.example.com", Http::One);
    assert_maintenance(&send(envoy.address(), Http::One, request).await);
    upstream.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ipv6_address_is_in_scope_with_and_without_a_port() {
    let (envoy, upstream) =
        start(r#"{"enabled": true, "scope": {"hosts": ["[2001:db8::1]"]}}"#).await;
    for http in VERSIONS {
        for host in ["[2001:db8::1]", "[2001:db8::1]:8443", "[2001:DB8:0::1]"] {
            assert_maintenance(&send(envoy.address(), http, request_to(host, http)).await);
        }
        assert_application(&send(envoy.address(), http, request_to("127.0.0.1:80", http)).await);
    }
    assert_eq!(upstream.requests().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn envoy_itself_rejects_a_request_without_an_authority() {
    let (envoy, upstream) =
        start(r#"{"enabled": true, "scope": {"hosts": ["shop.example.com"]}}"#).await;
    assert_eq!(get_over_http2(envoy.address(), b"/", None, BODY.as_bytes()).await, None);
    upstream.assert_untouched();
    assert_application(&envoy.get("/").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_out_of_scope_passes_untouched() {
    let (envoy, upstream) = start(
        r#"{"enabled": true, "scope": {"hosts": ["shop.example.com"]},
            "response": {"html": "x", "corsOrigins": ["*"]}}"#,
    )
    .await;
    let (disabled, while_disabled) = start(OFF).await;
    for http in VERSIONS {
        let answers = [
            send(envoy.address(), http, request("GET", "/orders")).await,
            send(disabled.address(), http, request("GET", "/orders")).await,
        ];
        assert_application(&answers[0]);
        assert_eq!(answers[0].header_names(), answers[1].header_names());
    }
    assert_eq!(upstream.header_names(), while_disabled.header_names());
    // The host of a gRPC call is the address of Envoy.
    call_grpc(&envoy, None).await.expect("a response of the application");
    assert_eq!(upstream.requests().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grpc_call_in_scope_is_rejected() {
    let (envoy, upstream) = start(r#"{"enabled": true, "scope": {"hosts": ["127.0.0.1"]}}"#).await;
    let status = call_grpc(&envoy, None).await.expect_err("the call fails");
    assert_eq!(status.code(), Code::Unavailable);
    upstream.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_paths_in_scope_are_in_maintenance() {
    let configuration = r#"{"enabled": true, "scope": {"pathPrefixes": ["/shop/"]}}"#;
    let (envoy, upstream) = start(configuration).await;
    for http in VERSIONS {
        for path in ["/shop/a", "/blog/../shop/", "/blog/%2e%2e/shop/", "/blog//"] {
            assert_maintenance(&send(envoy.address(), http, request("GET", path)).await);
        }
        for path in ["/blog/", "/shop", "/blog/?a=/../shop/"] {
            assert_application(&send(envoy.address(), http, request("POST", path)).await);
        }
    }
    assert_eq!(upstream.requests().len(), 6);
}

/// A request for `/` whose `:authority`, or `Host` over HTTP/1.1, is `host`.
fn request_to(host: &str, http: Http) -> hyper::Request<harness::client::Body> {
    let mut request = request("GET", "/");
    match http {
        Http::One => {
            request.headers_mut().insert(HOST, host.parse().expect("a header value"));
        }
        Http::Two => {
            request.headers_mut().remove(HOST);
            *request.uri_mut() = format!("http://{host}/").parse::<Uri>().expect("a URI");
        }
    }
    request
}
