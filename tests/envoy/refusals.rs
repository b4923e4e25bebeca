//! Invalid configurations. The plugin rejects each with its message, and no
//! request fails because of it.

use std::time::Duration;

use harness::envoy::{Bootstrap, Envoy, Filter};
use harness::upstream::Upstream;
use harness::wait::eventually;
use serde::Deserialize;

use crate::support::{OFF, ON, assert_application, assert_maintenance, start_switchable};

const TABLE: &str = include_str!("../configurations.json");

/// Row of the table of configurations that all suites share.
#[derive(Deserialize)]
struct Row {
    config: String,
    /// `ok`, or the message of the filter.
    filter: String,
}

/// Every invalid configuration of the table.
fn invalid() -> Vec<Row> {
    let rows: Vec<Row> = serde_json::from_str(TABLE).expect("the table of configurations");
    let rows: Vec<_> = rows.into_iter().filter(|row| row.filter != "ok").collect();
    assert!(rows.len() > 300, "{} invalid rows", rows.len());
    rows
}

fn log_line(message: &str) -> String {
    format!("plugin configuration refused: {message}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_update_leaves_maintenance_on() {
    let (mut envoy, upstream) = start_switchable(ON).await;
    for Row { config, filter: message } in invalid() {
        envoy.publish_rejected(&config).await;
        assert_maintenance(&envoy.get("/").await);
        let logged = async || envoy.log().contains(&log_line(&message)).then_some(());
        eventually(&message, Duration::from_secs(10), logged).await;
    }
    upstream.assert_untouched();
    assert_eq!(envoy.admin().metric("maintenance_active").await, Some(1));
    envoy.switch(OFF).await;
    assert_application(&envoy.get("/").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_update_leaves_maintenance_off() {
    let (mut envoy, upstream) = start_switchable(OFF).await;
    let invalid = invalid();
    for row in &invalid {
        envoy.publish_rejected(&row.config).await;
        assert_application(&envoy.get("/").await);
    }
    assert_eq!(upstream.requests().len(), invalid.len());
    assert_eq!(envoy.admin().metric("maintenance_active").await, Some(0));
    envoy.switch(ON).await;
    assert_maintenance(&envoy.get("/").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_configuration_applies_if_the_first_one_is_invalid() {
    let (mut envoy, upstream) =
        start_switchable(r#"{"enabled": true, "retryAfterSeconds": 0}"#).await;
    assert_application(&envoy.get("/").await);
    assert_eq!(upstream.requests().len(), 1);
    envoy.switch(ON).await;
    assert_maintenance(&envoy.get("/").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_with_an_invalid_plugin_is_rejected() {
    let upstream = Upstream::start().await;
    let mut envoy = Envoy::start(&Bootstrap::inline(upstream.address(), ON)).await;
    envoy.publish_rejected_filters(&[Filter::Inline("{".into())]).await;
    assert_maintenance(&envoy.get("/").await);
    upstream.assert_untouched();
}
