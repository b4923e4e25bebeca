//! Invalid configurations that reach the filter because no admission policy is
//! installed.

use std::process::Command;

use harness::client;
use harness::upstream::BODY;
use harness::wait::eventually;

use super::switching::assert_maintenance;
use mesh::Mesh;
use mesh::service::{CHANGE_TIMEOUT, HEALTH_CHECK, Service};

const REJECTS_METRIC: &str = "pilot_total_xds_rejects{type=\"ecds\"}";

/// The last valid configuration stays in force, and istiod reports the rejection.
pub async fn a_bad_update_keeps_the_last_good_state(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    service.apply("standby");
    service.until_installed("maintenance-standby").await;
    service.patch_standby(r#"{"enabled":true}"#);
    assert_maintenance(&service.until_status(503).await, "300");

    service.patch_standby(r#"{"retryAfterSeconds":0}"#);
    let message =
        "retryAfterSeconds: 0 is not allowed: must be a whole number of seconds from 1 to 604800";
    let logged = async || service.proxy().log().contains(message).then_some(());
    eventually("the proxy logs the reason", CHANGE_TIMEOUT, logged).await;
    assert_maintenance(&service.get("/").await, "300");
    // An invalid value of `enabled` does not end maintenance either.
    service.patch_standby(r#"{"enabled":"no"}"#);
    let message = "enabled: \"no\" is not allowed: must be true or false";
    let logged = async || service.proxy().log().contains(message).then_some(());
    eventually("the proxy logs the reason", CHANGE_TIMEOUT, logged).await;
    assert_maintenance(&service.get("/").await, "300");
    let counted = async || (reject_count(mesh).await > 0).then_some(());
    eventually("istiod counts the rejection", CHANGE_TIMEOUT, counted).await;
    let status = istioctl(mesh, &["proxy-status", "-v", "1"]);
    let proxy = format!("app.{0}.{0} ", service.namespace);
    let row = status.lines().find(|row| row.starts_with(&proxy)).expect(&status);
    assert!(row.contains("ERROR"), "{status}");

    service.patch_standby(r#"{"enabled":false,"retryAfterSeconds":300}"#);
    assert_eq!(service.until_status(200).await.body, BODY);
}

/// Without an earlier valid configuration, Envoy answers every request with 500.
pub async fn a_bad_first_configuration_breaks_the_service(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    service.shipped.edit("maintenance-mode", "enabled: true", "enabled: 1");
    service.apply("maintenance-mode");
    service.until_status(500).await;
    let received = service.application.requests().len();
    for path in ["/", HEALTH_CHECK] {
        assert_eq!(service.get(path).await.status, 500, "{path}");
    }
    assert_eq!(service.application.requests().len(), received);
    let message = "enabled: 1 is not allowed: must be true or false";
    let logged = async || service.proxy().log().contains(message).then_some(());
    eventually("the proxy logs the reason", CHANGE_TIMEOUT, logged).await;

    service.shipped.edit("maintenance-mode", "enabled: 1", "enabled: true");
    service.apply("maintenance-mode");
    assert_maintenance(&service.until_status(503).await, "300");
}

/// Number of configurations that proxies have rejected, as counted by istiod.
async fn reject_count(mesh: &Mesh) -> u64 {
    let answer = client::get(mesh.plane.istiod().monitoring(), "/metrics").await;
    let page = String::from_utf8(answer.body.to_vec()).expect("text");
    let value =
        page.lines().find_map(|line| line.strip_prefix(REJECTS_METRIC)?.trim().parse().ok());
    value.unwrap_or_default()
}

/// Runs `istioctl` against istiod's address instead of a cluster's pods, and
/// returns its stdout and stderr.
fn istioctl(mesh: &Mesh, arguments: &[&str]) -> String {
    let mut command = Command::new(mesh.plane.tools().path("istioctl"));
    command.env("KUBECONFIG", mesh.plane.kubectl().kubeconfig()).args(arguments);
    command.args(["--insecure", "--xds-address", &mesh.plane.istiod().discovery_address()]);
    let output = command.output().expect("istioctl runs");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}
