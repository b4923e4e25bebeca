//! Gauge and log lines that report changes of state.

use std::time::Duration;

use harness::envoy::{Bootstrap, Envoy, Filter};
use harness::upstream::{HELD, Upstream};
use harness::wait::eventually;

use crate::support::{OFF, ON, assert_application, assert_maintenance, start, start_switchable};

/// Deadline for a metric or log line. The counters may lag by a second; the rest
/// allows for a busy machine.
const REPORT_TIMEOUT: Duration = Duration::from_secs(10);

/// Waits until a metric of the plugin has the expected value.
pub async fn eventually_metric(envoy: &Envoy, name: &str, expected: u64) {
    let matches = async || (envoy.admin().metric(name).await == Some(expected)).then_some(());
    eventually(&format!("{name} is {expected}"), REPORT_TIMEOUT, matches).await;
}

/// Waits until a metric does not exist. Envoy removes a metric together with the
/// last plugin that defined it.
async fn eventually_no_metric(envoy: &Envoy, name: &str) {
    let matches = async || envoy.admin().metric(name).await.is_none().then_some(());
    eventually(&format!("{name} is gone"), REPORT_TIMEOUT, matches).await;
}

/// Waits until the log has the expected number of the plugin's lines that
/// contain `text`. A line may be written after the admin interface reports the
/// change.
pub async fn eventually_lines(envoy: &Envoy, text: &str, expected: usize) {
    let is_matching = |line: &&str| line.contains(text) && line.contains("[warning][wasm]");
    let count = || envoy.log().lines().filter(is_matching).count();
    let matches = async || (count() == expected).then_some(());
    eventually(&format!("{expected} log lines contain {text:?}"), REPORT_TIMEOUT, matches).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gauge_and_the_log_follow_20_switches() {
    let (mut envoy, _upstream) = start_switchable(OFF).await;
    for switches in 1..=20_usize {
        let on = switches % 2 == 1;
        envoy.switch(if on { ON } else { OFF }).await;
        eventually_metric(&envoy, "maintenance_active", u64::from(on)).await;
        eventually_lines(&envoy, "maintenance is on:", switches.div_ceil(2)).await;
        eventually_lines(&envoy, "maintenance is off", switches / 2).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_retry_after_is_a_change_of_state() {
    let (mut envoy, _upstream) = start_switchable(ON).await;
    envoy.switch(r#"{"enabled": true, "retryAfterSeconds": 900}"#).await;
    eventually_lines(&envoy, "maintenance is on: Retry-After 60 s, exempt paths 1", 1).await;
    eventually_lines(&envoy, "maintenance is on: Retry-After 900 s, exempt paths 1", 1).await;
    assert_eq!(envoy.admin().metric("maintenance_active").await, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn starting_disabled_logs_no_change_of_state() {
    let (envoy, _upstream) = start(OFF).await;
    assert_application(&envoy.get("/").await);
    assert_eq!(envoy.admin().metric("maintenance_active").await, Some(0));
    assert!(!envoy.stop().contains("maintenance is"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gauge_is_removed_with_the_last_plugin() {
    let (mut envoy, upstream) = start_switchable(ON).await;
    assert_eq!(envoy.admin().metric("maintenance_active").await, Some(1));
    envoy.replace_filters(&[]).await;
    eventually_no_metric(&envoy, "maintenance_active").await;
    eventually_lines(&envoy, "maintenance is off: the plugin is gone", 1).await;
    assert_application(&envoy.get("/").await);
    assert_eq!(upstream.requests().len(), 1);
    envoy.replace_filters(&[Filter::Watched(ON.into())]).await;
    eventually_metric(&envoy, "maintenance_active", 1).await;
    assert_maintenance(&envoy.get("/").await);
    eventually_lines(&envoy, "maintenance is on:", 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gauge_follows_a_replaced_plugin() {
    let (mut envoy, _upstream) = start_switchable(OFF).await;
    envoy.replace_filters(&[Filter::Inline(ON.into())]).await;
    eventually_metric(&envoy, "maintenance_active", 1).await;
    envoy.replace_filters(&[Filter::Inline(OFF.into())]).await;
    eventually_metric(&envoy, "maintenance_active", 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gauge_is_1_while_either_of_two_plugins_in_one_vm_is_enabled() {
    let upstream = Upstream::start().await;
    let filters = vec![Filter::Inline(ON.into()), Filter::Watched(OFF.into())];
    let bootstrap = Bootstrap { upstream: upstream.address(), workers: 2, filters };
    let mut envoy = Envoy::start(&bootstrap).await;
    for _ in 0..3 {
        for watched in [ON, OFF] {
            envoy.switch(watched).await;
            assert_eq!(envoy.admin().metric("maintenance_active").await, Some(1));
        }
    }
    assert_maintenance(&envoy.get("/").await);
    envoy.replace_filters(&[Filter::Inline(OFF.into()), Filter::Watched(OFF.into())]).await;
    eventually_metric(&envoy, "maintenance_active", 0).await;
    assert_application(&envoy.get("/").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gauge_is_0_once_the_enabled_one_of_two_plugins_is_removed() {
    let upstream = Upstream::start().await;
    let filters = vec![Filter::Inline(ON.into()), Filter::Watched(OFF.into())];
    let bootstrap = Bootstrap { upstream: upstream.address(), workers: 2, filters };
    let mut envoy = Envoy::start(&bootstrap).await;
    envoy.replace_filters(&[Filter::Watched(OFF.into())]).await;
    eventually_metric(&envoy, "maintenance_active", 0).await;
}

/// Envoy configures the plugins of a new listener before it rejects the listener
/// because another filter in it is invalid. The next request corrects the gauge.
#[tokio::test(flavor = "multi_thread")]
async fn the_gauge_recovers_from_a_rejected_listener() {
    let upstream = Upstream::start().await;
    let mut envoy = Envoy::start(&Bootstrap::inline(upstream.address(), ON)).await;
    envoy.publish_rejected_filters(&[Filter::Inline(OFF.into()), Filter::Inline("{".into())]).await;
    assert_maintenance(&envoy.get("/").await);
    eventually_metric(&envoy, "maintenance_active", 1).await;
    upstream.assert_untouched();
}

/// Envoy does not configure the plugin again if an earlier configuration returns
/// while a stream still holds the root context of that configuration.
#[tokio::test(flavor = "multi_thread")]
async fn the_gauge_is_correct_after_an_earlier_configuration_returns() {
    let on = r#"{"enabled": true, "exemptions": [{"path": "/held"}]}"#;
    let upstream = Upstream::start().await;
    let filters = vec![Filter::Watched(on.into())];
    let mut envoy =
        Envoy::start(&Bootstrap { upstream: upstream.address(), workers: 1, filters }).await;
    let address = envoy.address();
    let held = tokio::spawn(async move { harness::client::get(address, HELD).await });
    let arrived = async || (upstream.requests().len() == 1).then_some(());
    eventually("the request reaches the application", REPORT_TIMEOUT, arrived).await;
    envoy.switch(OFF).await;
    eventually_metric(&envoy, "maintenance_active", 0).await;
    envoy.switch(on).await;
    // VMs without a stream report the change within a second, even without a
    // request.
    eventually_metric(&envoy, "maintenance_active", 1).await;
    assert_maintenance(&envoy.get("/").await);
    eventually_lines(&envoy, "maintenance is on:", 2).await;
    upstream.release();
    assert_application(&held.await.expect("no panic"));
    envoy.switch(OFF).await;
    eventually_metric(&envoy, "maintenance_active", 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_proxy_logs_the_end_of_maintenance() {
    let (envoy, _upstream) = start(ON).await;
    let log = envoy.stop();
    let removals =
        log.lines().filter(|line| line.ends_with("maintenance is off: the plugin is gone"));
    assert_eq!(removals.count(), 1);
}
