//! What an operator sees of it.

use harness::upstream::BODY;
use harness::wait::eventually;

use super::switching::is_maintenance;
use crate::mesh::Mesh;
use crate::service::{HEALTH_CHECK, Service, TIME_TO_CHANGE};

/// The gauge and the counters are on the page that the mesh's Prometheus scrapes.
pub async fn metrics_are_on_the_merged_page(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    service.apply("standby");
    service.until_installed("maintenance-standby").await;
    service.patch_standby(r#"{"enabled":true}"#);
    service.until(503).await;
    service.shown("maintenance_active{} 1").await;
    let before = service.metric("maintenance_rejected_requests_total").await;
    for _ in 0..7 {
        is_maintenance(&service.get("/").await, "300");
    }
    for _ in 0..3 {
        assert_eq!(service.get(HEALTH_CHECK).await.body, BODY);
    }
    // The first 503s may have come before the page was read.
    let counted = async || {
        let rejected = service.metric("maintenance_rejected_requests_total").await;
        (rejected >= before + 7).then_some(())
    };
    eventually("the rejected requests are counted", TIME_TO_CHANGE, counted).await;
    service.shown("maintenance_exempted_requests_total{} 3").await;

    service.patch_standby(r#"{"enabled":false}"#);
    service.until(200).await;
    service.shown("maintenance_active{} 0").await;
}

/// The access log tells a 503 of ours from any other, and names no secret of it.
pub async fn the_access_log_says_maintenance_mode(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    service.apply("maintenance-mode");
    is_maintenance(&service.until(503).await, "300");
    let logged = async || service.proxy().log().contains(" 503 - maintenance_mode ").then_some(());
    eventually("the access log says so", TIME_TO_CHANGE, logged).await;
    let on = "maintenance is on: Retry-After 300 s";
    assert!(service.proxy().log().contains(on), "no line for the change of state");
}

/// Its gauge goes when the listener that had it has drained.
pub async fn a_deleted_plugin_leaves_the_page_once_drained(mesh: &Mesh) {
    let mut service = Service::without_proxy(&mesh.plane, &mesh.registry.image()).await;
    service.drain_seconds = 2;
    service.start_proxy(&mesh.plane).await;
    service.apply("maintenance-mode");
    service.until(503).await;
    service.shown("maintenance_active{} 1").await;
    service.delete("maintenance-mode");
    service.until(200).await;
    let gone = async || {
        let page = service.proxy().metrics().await;
        (!page.contains("maintenance_active{} 1")).then_some(())
    };
    eventually("maintenance_active is no longer 1", TIME_TO_CHANGE, gone).await;
    let logged = async || service.proxy().log().contains("maintenance is off").then_some(());
    eventually("the log says that it is off", TIME_TO_CHANGE, logged).await;
}
