//! On and off again.

use harness::client::Answer;
use harness::upstream::BODY;
use harness::wait::eventually;

use crate::mesh::Mesh;
use crate::service::{HEALTH_CHECK, Service, TIME_TO_CHANGE};

pub async fn maintenance_mode_is_applied_and_deleted(mesh: &Mesh) {
    applied_and_deleted(mesh, "maintenance-mode").await;
}

pub async fn traffic_extension_is_applied_and_deleted(mesh: &Mesh) {
    applied_and_deleted(mesh, "traffic-extension").await;
}

async fn applied_and_deleted(mesh: &Mesh, folder: &str) {
    let service = Service::start(mesh).await;
    assert_eq!(service.until(200).await.body, BODY);
    service.shipped.edit(folder, "retryAfterSeconds: 300", "retryAfterSeconds: 1800");

    service.apply(folder);
    is_maintenance(&service.until(503).await, "1800");
    let reached = service.reached("/");
    for _ in 0..10 {
        is_maintenance(&service.get("/").await, "1800");
    }
    assert_eq!(service.reached("/"), reached, "the application saw a request in maintenance");
    assert_eq!(service.get(HEALTH_CHECK).await.body, BODY);
    assert_eq!(service.reached(HEALTH_CHECK), 1);

    service.delete(folder);
    assert_eq!(service.until(200).await.body, BODY);
}

pub async fn standby_is_patched(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    service.apply("standby");
    service.until_installed("maintenance-standby").await;
    assert_eq!(service.until(200).await.body, BODY);

    service.patch_standby(r#"{"enabled":true,"retryAfterSeconds":1800}"#);
    is_maintenance(&service.until(503).await, "1800");
    let reached = service.reached("/");
    is_maintenance(&service.get("/").await, "1800");
    assert_eq!(service.reached("/"), reached, "the application saw a request in maintenance");
    assert_eq!(service.get(HEALTH_CHECK).await.body, BODY);
    assert_eq!(service.reached(HEALTH_CHECK), 1);

    service.patch_standby(r#"{"enabled":false}"#);
    assert_eq!(service.until(200).await.body, BODY);

    // What is written in the file wins over a patch when the file is applied.
    service.patch_standby(r#"{"enabled":true}"#);
    service.until(503).await;
    service.apply("standby");
    assert_eq!(service.until(200).await.body, BODY);
}

pub async fn maintenance_mode_goes_over_standby(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    service.apply("standby");
    service.shipped.edit("maintenance-mode", "retryAfterSeconds: 300", "retryAfterSeconds: 77");
    service.apply("maintenance-mode");
    is_maintenance(&service.until(503).await, "77");

    // With both on, the one that runs first answers; ending it leaves the other.
    service.patch_standby(r#"{"enabled":true,"retryAfterSeconds":88}"#);
    let on = async || {
        let log = service.proxy().log();
        log.contains("maintenance is on: Retry-After 88 s").then_some(())
    };
    eventually("the standby is on", TIME_TO_CHANGE, on).await;
    is_maintenance(&service.get("/").await, "77");
    service.delete("maintenance-mode");
    let other = async || {
        let answer = service.get("/").await;
        is_maintenance(&answer, answer.header("retry-after"));
        (answer.header("retry-after") == "88").then_some(())
    };
    eventually("the standby answers", TIME_TO_CHANGE, other).await;

    service.patch_standby(r#"{"enabled":false}"#);
    assert_eq!(service.until(200).await.body, BODY);
}

/// Callers whom the mesh refuses are told of the maintenance, too.
pub async fn maintenance_goes_before_authorization(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    service.kubectl.apply(&format!(
        "{{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy,
  metadata: {{name: nobody, namespace: {}}}, spec: {{}}}}",
        service.namespace,
    ));
    service.until(403).await;
    service.apply("maintenance-mode");
    is_maintenance(&service.until(503).await, "300");
    // Exempt from maintenance, not from what the mesh asks of every request.
    assert_eq!(service.get(HEALTH_CHECK).await.status, 403);
}

/// Asserts that the proxy answered for a service in maintenance.
pub fn is_maintenance(answer: &Answer, retry_after: &str) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.header("retry-after"), retry_after);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.body, maintenance_filter::reply::DEFAULT_BODY);
}
