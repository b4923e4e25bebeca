//! Scope: maintenance for some hosts and paths.

use harness::client::{Http, request, send};
use hyper::Uri;
use hyper::header::HOST;

use crate::evidence::eventually_metric;
use crate::support::{VERSIONS, assert_application, assert_maintenance, start};

#[tokio::test(flavor = "multi_thread")]
async fn only_hosts_in_scope_are_in_maintenance() {
    let configuration =
        r#"{"enabled": true, "scope": {"hosts": ["shop.example.com", "*.test.example.com"]}}"#;
    let (envoy, upstream) = start(configuration).await;
    let in_scope = ["shop.example.com", "SHOP.example.com:8443", "a.test.example.com"];
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
    eventually_metric(&envoy, "maintenance_rejected_requests_total", 6).await;
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
