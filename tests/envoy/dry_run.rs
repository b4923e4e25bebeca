//! Dry run: requests are counted and pass untouched.

use harness::client::{request, send};

use crate::evidence::{eventually_lines, eventually_metric};
use crate::support::{
    HEALTH_CHECK, ON, VERSIONS, assert_application, assert_maintenance, start, start_switchable,
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

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_turns_into_maintenance_and_back() {
    let (mut envoy, _upstream) = start_switchable(DRY_RUN).await;
    assert_application(&envoy.get("/").await);
    envoy.switch(ON).await;
    assert_maintenance(&envoy.get("/").await);
    eventually_metric(&envoy, "maintenance_active", 1).await;
    eventually_metric(&envoy, "maintenance_dry_run_active", 0).await;
    envoy.switch(DRY_RUN).await;
    assert_application(&envoy.get("/").await);
    eventually_metric(&envoy, "maintenance_active", 0).await;
    eventually_metric(&envoy, "maintenance_dry_run_active", 1).await;
    eventually_lines(&envoy, "maintenance is in dry run: Retry-After 60 s", 2).await;
}
