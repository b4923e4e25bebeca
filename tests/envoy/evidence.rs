//! Metrics, response code details and log lines.

use std::time::Duration;

use harness::envoy::{Bootstrap, Envoy, Filter};
use harness::upstream::{HELD, Upstream};
use harness::wait::eventually;

use crate::support::{HEALTH, OFF, ON, assert_application, assert_maintenance, switchable, with};

/// The counters may be a second late; the rest is a busy machine.
const LATE: Duration = Duration::from_secs(10);

async fn eventually_metric(envoy: &Envoy, name: &str, expected: u64) {
    let is = async || (envoy.admin().metric(name).await == expected).then_some(());
    eventually(&format!("{name} is {expected}"), LATE, is).await;
}

/// What a container prints arrives a moment later.
async fn eventually_lines(envoy: &Envoy, text: &str, expected: usize) {
    let count = || envoy.log().lines().filter(|line| line.contains(text)).count();
    let are = async || (count() == expected).then_some(());
    eventually(&format!("{expected} lines with {text:?}"), LATE, are).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_counters_count_every_decision() {
    let (envoy, _upstream) = with(ON).await;
    for _ in 0..7 {
        assert_maintenance(&envoy.get("/").await);
    }
    for _ in 0..3 {
        assert_application(&envoy.get(HEALTH).await);
    }
    eventually_metric(&envoy, "maintenance_rejected_requests_total", 7).await;
    eventually_metric(&envoy, "maintenance_exempted_requests_total", 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_by_the_proxy_counts_as_exempted() {
    let configuration =
        r#"{"enabled": true, "exemptions": [{"path": "/up", "action": "Respond"}]}"#;
    let (envoy, _upstream) = with(configuration).await;
    assert_eq!(envoy.get("/up").await.status, 200);
    eventually_metric(&envoy, "maintenance_exempted_requests_total", 1).await;
    eventually_metric(&envoy, "maintenance_rejected_requests_total", 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_counted_while_disabled() {
    let (mut envoy, _upstream) = switchable(OFF).await;
    assert_application(&envoy.get("/").await);
    envoy.switch(ON).await;
    assert_maintenance(&envoy.get("/").await);
    eventually_metric(&envoy, "maintenance_rejected_requests_total", 1).await;
    assert_eq!(envoy.admin().metric("maintenance_exempted_requests_total").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_are_not_lost_when_the_configuration_changes() {
    let (mut envoy, _upstream) = switchable(ON).await;
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
    let (envoy, _upstream) = with(ON).await;
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
        assert!(page.lines().any(|found| found == line), "{line} in\n{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gauge_and_the_log_follow_20_switches() {
    let (mut envoy, _upstream) = switchable(OFF).await;
    for switched in 1..=20_usize {
        let on = switched % 2 == 1;
        envoy.switch(if on { ON } else { OFF }).await;
        assert_eq!(envoy.admin().metric("maintenance_active").await, u64::from(on));
        eventually_lines(&envoy, "maintenance is on:", switched.div_ceil(2)).await;
        eventually_lines(&envoy, "maintenance is off", switched / 2).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_retry_after_is_a_change_of_state() {
    let (mut envoy, _upstream) = switchable(ON).await;
    envoy.switch(r#"{"enabled": true, "retryAfterSeconds": 900}"#).await;
    eventually_lines(&envoy, "maintenance is on: Retry-After 60 s, exempt paths 1", 1).await;
    eventually_lines(&envoy, "maintenance is on: Retry-After 900 s, exempt paths 1", 1).await;
    assert_eq!(envoy.admin().metric("maintenance_active").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn starting_disabled_is_no_change_of_state() {
    let (envoy, _upstream) = with(OFF).await;
    assert_application(&envoy.get("/").await);
    eventually_lines(&envoy, "maintenance is", 0).await;
    assert_eq!(envoy.admin().stat("wasmcustom.maintenance_active").await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gauge_is_0_after_the_plugin_is_removed() {
    let (mut envoy, upstream) = switchable(ON).await;
    assert_eq!(envoy.admin().metric("maintenance_active").await, 1);
    envoy.replace(&[]).await;
    eventually_metric(&envoy, "maintenance_active", 0).await;
    eventually_lines(&envoy, "maintenance is off: the plugin is gone", 1).await;
    assert_application(&envoy.get("/").await);
    assert_eq!(upstream.requests().len(), 1);
    envoy.replace(&[Filter::Watched(ON.into())]).await;
    eventually_metric(&envoy, "maintenance_active", 1).await;
    assert_maintenance(&envoy.get("/").await);
    eventually_lines(&envoy, "maintenance is on:", 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gauge_follows_a_replaced_plugin() {
    let (mut envoy, _upstream) = switchable(OFF).await;
    envoy.replace(&[Filter::Inline(ON.into())]).await;
    eventually_metric(&envoy, "maintenance_active", 1).await;
    envoy.replace(&[Filter::Inline(OFF.into())]).await;
    eventually_metric(&envoy, "maintenance_active", 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_plugins_in_one_vm_one_suffices() {
    let upstream = Upstream::start().await;
    let filters = vec![Filter::Inline(ON.into()), Filter::Watched(OFF.into())];
    let bootstrap = Bootstrap { upstream: upstream.address(), workers: 2, filters };
    let mut envoy = Envoy::start(&bootstrap).await;
    for _ in 0..3 {
        for watched in [ON, OFF] {
            envoy.switch(watched).await;
            assert_eq!(envoy.admin().metric("maintenance_active").await, 1);
        }
    }
    assert_maintenance(&envoy.get("/").await);
    envoy.replace(&[Filter::Inline(OFF.into()), Filter::Watched(OFF.into())]).await;
    eventually_metric(&envoy, "maintenance_active", 0).await;
    assert_application(&envoy.get("/").await);
}

/// Envoy does not configure the plugin again when an earlier configuration
/// comes back while a stream still holds its root context.
#[tokio::test(flavor = "multi_thread")]
async fn the_gauge_is_right_when_an_earlier_configuration_comes_back() {
    let on = r#"{"enabled": true, "exemptions": [{"path": "/held"}]}"#;
    let upstream = Upstream::start().await;
    let filters = vec![Filter::Watched(on.into())];
    let mut envoy =
        Envoy::start(&Bootstrap { upstream: upstream.address(), workers: 1, filters }).await;
    let address = envoy.address();
    let held = tokio::spawn(async move { harness::client::get(address, HELD).await });
    let arrived = async || (upstream.requests().len() == 1).then_some(());
    eventually("the request is at the application", LATE, arrived).await;
    envoy.switch(OFF).await;
    eventually_metric(&envoy, "maintenance_active", 0).await;
    envoy.switch(on).await;
    assert_maintenance(&envoy.get("/").await);
    eventually_metric(&envoy, "maintenance_active", 1).await;
    eventually_lines(&envoy, "maintenance is on:", 2).await;
    upstream.release();
    assert_application(&held.await.expect("no panic"));
    envoy.switch(OFF).await;
    eventually_metric(&envoy, "maintenance_active", 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_access_log_tells_whose_answer_it_was() {
    let configuration = r#"{"enabled": true, "exemptions": [
        {"path": "/up", "action": "Respond"}, {"path": "/load-balancer/health-check"}]}"#;
    let (envoy, _upstream) = with(configuration).await;
    for path in ["/", "/up", HEALTH] {
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

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_proxy_says_that_its_maintenance_ends() {
    let (envoy, _upstream) = with(ON).await;
    let log = envoy.stop();
    let gone = log.lines().filter(|line| line.ends_with("maintenance is off: the plugin is gone"));
    assert_eq!(gone.count(), 1);
}
