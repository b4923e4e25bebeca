//! Counters, the Prometheus page and the access log.

use crate::evidence::eventually_metric;
use crate::support::{
    HEALTH_CHECK, OFF, ON, assert_application, assert_maintenance, start, start_switchable,
};

#[tokio::test(flavor = "multi_thread")]
async fn the_counters_count_every_decision_once() {
    let (envoy, upstream) = start(ON).await;
    let (mut rejected_total, mut exempted_total) = (0, 0);
    // The rounds differ in size, so that a batch reported twice gives a wrong sum.
    for (rejected, exempted) in [(7, 3), (5, 2)] {
        for _ in 0..rejected {
            assert_maintenance(&envoy.get("/").await);
        }
        for _ in 0..exempted {
            assert_application(&envoy.get(HEALTH_CHECK).await);
        }
        rejected_total += rejected;
        exempted_total += exempted;
        eventually_metric(&envoy, "maintenance_rejected_requests_total", rejected_total).await;
        eventually_metric(&envoy, "maintenance_exempted_requests_total", exempted_total).await;
    }
    assert_eq!(upstream.requests().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_the_action_respond_counts_as_exempted() {
    let configuration =
        r#"{"enabled": true, "exemptions": [{"path": "/up", "action": "Respond"}]}"#;
    let (envoy, _upstream) = start(configuration).await;
    assert_eq!(envoy.get("/up").await.status, 200);
    eventually_metric(&envoy, "maintenance_exempted_requests_total", 1).await;
    eventually_metric(&envoy, "maintenance_rejected_requests_total", 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_counted_while_disabled() {
    let (mut envoy, _upstream) = start_switchable(OFF).await;
    assert_application(&envoy.get("/").await);
    envoy.switch(ON).await;
    assert_maintenance(&envoy.get("/").await);
    eventually_metric(&envoy, "maintenance_rejected_requests_total", 1).await;
    assert_eq!(envoy.admin().metric("maintenance_exempted_requests_total").await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_are_not_lost_when_the_configuration_changes() {
    let (mut envoy, _upstream) = start_switchable(ON).await;
    for round in 1..=5 {
        for _ in 0..10 {
            assert_maintenance(&envoy.get("/").await);
        }
        envoy.switch(OFF).await;
        eventually_metric(&envoy, "maintenance_rejected_requests_total", round * 10).await;
        envoy.switch(ON).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_shows_the_metrics_under_their_names() {
    let (envoy, _upstream) = start(ON).await;
    assert_maintenance(&envoy.get("/").await);
    eventually_metric(&envoy, "maintenance_rejected_requests_total", 1).await;
    let page = envoy.admin().text("/stats/prometheus").await;
    for line in [
        "# TYPE maintenance_active gauge",
        "maintenance_active{} 1",
        "# TYPE maintenance_rejected_requests_total counter",
        "maintenance_rejected_requests_total{} 1",
        "# TYPE maintenance_exempted_requests_total counter",
        "maintenance_exempted_requests_total{} 0",
    ] {
        assert!(page.lines().any(|found| found == line), "no line {line:?} in\n{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_access_log_tells_who_answered() {
    let configuration = r#"{"enabled": true, "exemptions": [
        {"path": "/up", "action": "Respond"}, {"path": "/load-balancer/health-check"}]}"#;
    let (envoy, _upstream) = start(configuration).await;
    for path in ["/", "/up", HEALTH_CHECK] {
        envoy.get(path).await;
    }
    let log = envoy.stop();
    let access: Vec<_> = log.lines().filter(|line| line.starts_with("access ")).collect();
    let expected = [
        "access 503 maintenance_mode 60",
        "access 200 maintenance_exempt -",
        "access 200 via_upstream -",
    ];
    assert_eq!(access, expected);
}
