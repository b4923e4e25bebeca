//! The gauge and the log lines, which tell of changes of state.

use std::time::Duration;

use harness::envoy::{Bootstrap, Envoy, Filter};
use harness::upstream::{HELD, Upstream};
use harness::wait::eventually;

use crate::support::{OFF, ON, assert_application, assert_maintenance, switchable, with};

/// The counters may be a second late; the rest is a busy machine.
const LATE: Duration = Duration::from_secs(10);

pub async fn eventually_metric(envoy: &Envoy, name: &str, expected: u64) {
    let is = async || (envoy.admin().metric(name).await == Some(expected)).then_some(());
    eventually(&format!("{name} is {expected}"), LATE, is).await;
}

/// Envoy forgets a metric with the last plugin that defined it.
async fn eventually_no_metric(envoy: &Envoy, name: &str) {
    let is = async || envoy.admin().metric(name).await.is_none().then_some(());
    eventually(&format!("{name} is gone"), LATE, is).await;
}

/// A line may come a moment after what the admin interface says.
async fn eventually_lines(envoy: &Envoy, text: &str, expected: usize) {
    let is = |line: &&str| line.contains(text) && line.contains("[warning][wasm]");
    let count = || envoy.log().lines().filter(is).count();
    let are = async || (count() == expected).then_some(());
    eventually(&format!("{expected} lines with {text:?}"), LATE, are).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gauge_and_the_log_follow_20_switches() {
    let (mut envoy, _upstream) = switchable(OFF).await;
    for switched in 1..=20_usize {
        let on = switched % 2 == 1;
        envoy.switch(if on { ON } else { OFF }).await;
        eventually_metric(&envoy, "maintenance_active", u64::from(on)).await;
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
    assert_eq!(envoy.admin().metric("maintenance_active").await, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn starting_disabled_is_no_change_of_state() {
    let (envoy, _upstream) = with(OFF).await;
    assert_application(&envoy.get("/").await);
    assert_eq!(envoy.admin().metric("maintenance_active").await, Some(0));
    assert!(!envoy.stop().contains("maintenance is"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gauge_goes_with_the_last_plugin() {
    let (mut envoy, upstream) = switchable(ON).await;
    assert_eq!(envoy.admin().metric("maintenance_active").await, Some(1));
    envoy.replace(&[]).await;
    eventually_no_metric(&envoy, "maintenance_active").await;
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
            assert_eq!(envoy.admin().metric("maintenance_active").await, Some(1));
        }
    }
    assert_maintenance(&envoy.get("/").await);
    envoy.replace(&[Filter::Inline(OFF.into()), Filter::Watched(OFF.into())]).await;
    eventually_metric(&envoy, "maintenance_active", 0).await;
    assert_application(&envoy.get("/").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gauge_is_0_when_of_two_plugins_the_one_that_is_on_goes() {
    let upstream = Upstream::start().await;
    let filters = vec![Filter::Inline(ON.into()), Filter::Watched(OFF.into())];
    let bootstrap = Bootstrap { upstream: upstream.address(), workers: 2, filters };
    let mut envoy = Envoy::start(&bootstrap).await;
    envoy.replace(&[Filter::Watched(OFF.into())]).await;
    eventually_metric(&envoy, "maintenance_active", 0).await;
}

/// Envoy configures the plugins of a listener before it refuses it for another
/// filter's sake: the gauge is right again with the next request.
#[tokio::test(flavor = "multi_thread")]
async fn the_gauge_recovers_from_a_refused_listener() {
    let upstream = Upstream::start().await;
    let mut envoy = Envoy::start(&Bootstrap::inline(upstream.address(), ON)).await;
    envoy.refuse_listener(&[Filter::Inline(OFF.into()), Filter::Inline("{".into())]).await;
    assert_maintenance(&envoy.get("/").await);
    eventually_metric(&envoy, "maintenance_active", 1).await;
    assert_eq!(upstream.requests(), [""; 0]);
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
    // Within a second even where no request comes, by the VMs that have no stream.
    eventually_metric(&envoy, "maintenance_active", 1).await;
    assert_maintenance(&envoy.get("/").await);
    eventually_lines(&envoy, "maintenance is on:", 2).await;
    upstream.release();
    assert_application(&held.await.expect("no panic"));
    envoy.switch(OFF).await;
    eventually_metric(&envoy, "maintenance_active", 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_proxy_says_that_its_maintenance_ends() {
    let (envoy, _upstream) = with(ON).await;
    let log = envoy.stop();
    let gone = log.lines().filter(|line| line.ends_with("maintenance is off: the plugin is gone"));
    assert_eq!(gone.count(), 1);
}
