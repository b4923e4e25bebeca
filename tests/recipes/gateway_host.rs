//! Maintenance of one host of a gateway.

use harness::client::{Body, Http, request, send};
use hyper::header::HOST;
use hyper::{Request, Uri};

use crate::manifest::{eventually_metric, start};

const IN_MAINTENANCE: [&str; 5] = [
    "shop.example.com",
    "SHOP.example.com:443",
    "shop.example.com.",
    "api.shop.example.com",
    "a.b.shop.example.com:8443",
];
const UNTOUCHED: [&str; 4] =
    ["blog.example.com", "example.com", "myshop.example.com", "shop.example.com.evil.example"];

#[tokio::test(flavor = "multi_thread")]
async fn one_host_is_in_maintenance_and_the_others_are_not() {
    let (envoy, upstream) = start("gateway-host").await;
    for http in [Http::One, Http::Two] {
        for host in IN_MAINTENANCE {
            let answer = send(envoy.address(), http, request_to(host, "/orders", http)).await;
            assert_eq!((answer.status, answer.header("retry-after")), (503, "300"), "{host}");
        }
    }
    upstream.assert_untouched();
    for http in [Http::One, Http::Two] {
        for host in UNTOUCHED {
            let answer = send(envoy.address(), http, request_to(host, "/orders", http)).await;
            assert_eq!(answer.status, 200, "{host}: {answer:?}");
        }
        let check = request_to(IN_MAINTENANCE[0], "/load-balancer/health-check", http);
        assert_eq!(send(envoy.address(), http, check).await.status, 200);
    }
    assert_eq!(upstream.requests().len(), 2 * (UNTOUCHED.len() + 1));
    eventually_metric(&envoy, "maintenance_rejected_requests_total", 10).await;
    eventually_metric(&envoy, "maintenance_out_of_scope_requests_total", 8).await;
    eventually_metric(&envoy, "maintenance_exempted_requests_total", 2).await;
}

/// A request whose `:authority`, or `Host` over HTTP/1.1, is `host`.
fn request_to(host: &str, path: &str, http: Http) -> Request<Body> {
    let mut request = request("GET", path);
    match http {
        Http::One => {
            request.headers_mut().insert(HOST, host.parse().expect("a header value"));
        }
        Http::Two => {
            let uri = format!("http://{host}{path}");
            *request.uri_mut() = uri.parse::<Uri>().expect("a URI");
        }
    }
    request
}
