//! Dry run: requests are counted and pass untouched.

use harness::client::{Answer, Body, Http, body, request, send};
use harness::envoy::Envoy;
use hyper::Request;

use crate::evidence::{eventually_lines, eventually_metric};
use crate::protocols::{assert_websocket_works, call_grpc};
use crate::support::{
    HEALTH_CHECK, OFF, ON, VERSIONS, assert_application, assert_maintenance, start,
    start_switchable,
};

const DRY_RUN: &str = r#"{"enabled": true, "dryRun": true}"#;

#[tokio::test(flavor = "multi_thread")]
async fn every_request_passes_and_is_counted_apart() {
    let (envoy, upstream) = start(DRY_RUN).await;
    for http in VERSIONS {
        for path in ["/", "/orders", HEALTH_CHECK] {
            assert_application(&send(envoy.address(), http, request("GET", path)).await);
        }
    }
    assert_eq!(upstream.requests().len(), 6);
    eventually_metric(&envoy, "maintenance_dry_run_rejected_requests_total", 4).await;
    eventually_metric(&envoy, "maintenance_dry_run_exempted_requests_total", 2).await;
    for (metric, value) in [
        ("maintenance_dry_run_active", 1),
        ("maintenance_active", 0),
        ("maintenance_rejected_requests_total", 0),
        ("maintenance_exempted_requests_total", 0),
    ] {
        assert_eq!(envoy.admin().metric(metric).await, Some(value), "{metric}");
    }
}

/// Sends an order through Envoy. Returns the response without its `date`.
async fn order(envoy: &Envoy, http: Http) -> Answer {
    let mut order: Request<Body> = request("POST", "/orders").map(|_| body("an order"));
    order.headers_mut().insert("x-order", "1".parse().expect("a value"));
    let mut answer = send(envoy.address(), http, order).await;
    answer.headers.remove("date");
    answer.headers.remove("x-envoy-upstream-service-time");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_and_responses_are_as_without_maintenance() {
    let configuration = r#"{"enabled": true, "dryRun": true, "retryAfterJitterSeconds": 9,
        "exemptions": [{"path": "/ping", "action": "Respond"}],
        "response": {"html": "x", "corsOrigins": ["*"], "grpcRetryPushback": "Never"}}"#;
    let (dry_run, in_dry_run) = start(configuration).await;
    let (disabled, while_disabled) = start(OFF).await;
    for http in VERSIONS {
        let [with, without] = [order(&dry_run, http).await, order(&disabled, http).await];
        assert_application(&with);
        assert_eq!(with.headers, without.headers);
    }
    assert_eq!(in_dry_run.header_names(), while_disabled.header_names());
    assert_eq!(in_dry_run.body_bytes(), while_disabled.body_bytes());
    call_grpc(&dry_run, None).await.expect("a response of the application");
    assert_websocket_works(&dry_run).await;
    assert_application(&dry_run.get("/ping").await);
    assert_eq!(in_dry_run.requests().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_turns_into_maintenance_and_back() {
    let (mut envoy, upstream) = start_switchable(DRY_RUN).await;
    assert_application(&envoy.get("/").await);
    envoy.switch(ON).await;
    assert_maintenance(&envoy.get("/").await);
    assert_eq!(upstream.requests().len(), 1);
    eventually_metric(&envoy, "maintenance_active", 1).await;
    eventually_metric(&envoy, "maintenance_dry_run_active", 0).await;
    envoy.switch(DRY_RUN).await;
    assert_application(&envoy.get("/").await);
    assert_eq!(upstream.requests().len(), 2);
    eventually_metric(&envoy, "maintenance_active", 0).await;
    eventually_metric(&envoy, "maintenance_dry_run_active", 1).await;
    eventually_lines(&envoy, "maintenance is in dry run: Retry-After 60 s", 2).await;
}
