//! Behaviour table, over HTTP/1.1 and HTTP/2.

use harness::client::{Http, body, request, send};

use crate::support::{
    HEALTH_CHECK, OFF, ON, VERSIONS, assert_application, assert_maintenance, start,
};

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"];

#[tokio::test(flavor = "multi_thread")]
async fn disabled_leaves_every_request_and_response_untouched() {
    let (envoy, upstream) = start(OFF).await;
    let mut expected = Vec::new();
    for http in VERSIONS {
        for method in METHODS {
            let answer = send(envoy.address(), http, request(method, "/a?b=c")).await;
            assert_application(&answer);
            let added_by_envoy =
                ["content-length", "date", "server", "x-envoy-upstream-service-time"];
            assert_eq!(
                answer.header_names(),
                added_by_envoy,
                "response headers other than Envoy's own"
            );
            expected.push(format!("{method} {}/a?b=c", authority(http)));
        }
    }
    assert_eq!(upstream.requests(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_configuration_is_disabled() {
    let (envoy, _upstream) = start("").await;
    assert_application(&envoy.get("/").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn enabled_rejects_every_method_before_the_application() {
    let (envoy, upstream) = start(ON).await;
    for http in VERSIONS {
        for method in METHODS {
            assert_maintenance(&send(envoy.address(), http, request(method, "/")).await);
        }
    }
    upstream.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_check_is_forwarded_to_the_application() {
    let (envoy, upstream) = start(ON).await;
    for http in VERSIONS {
        for query in ["", "?", "?probe=1", "?a=/../b"] {
            let target = format!("{HEALTH_CHECK}{query}");
            assert_application(&send(envoy.address(), http, request("GET", &target)).await);
        }
    }
    assert_eq!(upstream.requests().len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_exact_path_with_its_method_is_exempt() {
    let (envoy, upstream) = start(ON).await;
    let paths = [
        "/load-balancer/health-check/",
        "/load-balancer/health-check/x",
        "/load-balancer/health-checks",
        "/load-balancer/health-chec",
        "/Load-Balancer/Health-Check",
        "//load-balancer/health-check",
        "/load-balancer//health-check",
        "/load-balancer/./health-check",
        "/x/../load-balancer/health-check",
        "/load-balancer/health%2Dcheck",
        "/load-balancer%2fhealth-check",
        "/load-balancer/health-check;x=y",
        "/?/load-balancer/health-check",
    ];
    for http in VERSIONS {
        for path in paths {
            assert_maintenance(&send(envoy.address(), http, request("GET", path)).await);
        }
        for method in ["HEAD", "POST", "OPTIONS"] {
            let answer = send(envoy.address(), http, request(method, HEALTH_CHECK)).await;
            assert_eq!(answer.status, 503, "{method}");
        }
    }
    upstream.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prefix_exempts_every_path_below_it_unless_the_path_is_ambiguous() {
    let configuration = r#"{"enabled": true, "exemptions": [{"pathPrefix": "/probes/"}]}"#;
    let (envoy, upstream) = start(configuration).await;
    let exempt = ["/probes/", "/probes/live", "/probes/a/b?c=/../d", "/probes/%20"];
    let rejected = [
        "/probes",
        "/Probes/live",
        "/probes/../orders",
        "/probes/./live",
        "/probes/..",
        "/probes//live",
        "/probes/a\\b",
        "/probes/a;b",
        "/probes/%2e%2e/orders",
        "/probes/%2E%2E/orders",
        "/probes/a%2fb",
        "/probes/a%5Cb",
        "/probes/%252e%252e/orders",
        "/load-balancer/health-check",
    ];
    for http in VERSIONS {
        for path in exempt {
            assert_application(&send(envoy.address(), http, request("GET", path)).await);
        }
        for path in rejected {
            assert_maintenance(&send(envoy.address(), http, request("GET", path)).await);
        }
    }
    assert_eq!(upstream.requests().len(), 2 * exempt.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_prefix_of_everything_exempts_ambiguous_paths_too() {
    let configuration = r#"{"enabled": true, "exemptions": [{"pathPrefix": "/"}]}"#;
    let (envoy, upstream) = start(configuration).await;
    let exempt = ["/", "/a/../b", "//a", "/a;b", "/a%2fb", "/a%5cb", "/%252e%252e/a"];
    for http in VERSIONS {
        for path in exempt {
            assert_application(&send(envoy.address(), http, request("GET", path)).await);
            assert_maintenance(&send(envoy.address(), http, request("POST", path)).await);
        }
    }
    assert_eq!(upstream.requests().len(), 2 * exempt.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_exemption_list_exempts_nothing() {
    let (envoy, upstream) = start(r#"{"enabled": true, "exemptions": []}"#).await;
    assert_maintenance(&envoy.get(HEALTH_CHECK).await);
    upstream.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cors_preflight_is_rejected_like_any_request() {
    let (envoy, upstream) = start(ON).await;
    for http in VERSIONS {
        let mut preflight = request("OPTIONS", "/orders");
        let headers = preflight.headers_mut();
        headers.insert("origin", "https://app.example".parse().expect("a value"));
        headers.insert("access-control-request-method", "PUT".parse().expect("a value"));
        assert_maintenance(&send(envoy.address(), http, preflight).await);
    }
    upstream.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_a_small_body_is_rejected() {
    let (envoy, upstream) = start(ON).await;
    for http in VERSIONS {
        let post = request("POST", "/orders").map(|_| body("an order"));
        assert_maintenance(&send(envoy.address(), http, post).await);
    }
    upstream.assert_untouched();
}

/// Authority in the request target that the upstream records. Only HTTP/2
/// requests carry one.
fn authority(http: Http) -> &'static str {
    match http {
        Http::One => "",
        Http::Two => "http://service.example",
    }
}
