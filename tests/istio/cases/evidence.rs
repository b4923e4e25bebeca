//! Metrics and logs that show maintenance to an operator.

use harness::upstream::BODY;
use harness::wait::eventually;

use super::switching::assert_maintenance;
use mesh::Mesh;
use mesh::service::{CHANGE_TIMEOUT, HEALTH_CHECK, Service};

/// The mesh's Prometheus scrapes the gauge and the counters.
pub async fn the_merged_metrics_contain_the_gauge_and_the_counters(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    service.apply("standby");
    service.until_installed("maintenance-standby").await;
    service.patch_standby(r#"{"enabled":true}"#);
    service.until_status(503).await;
    service.until_metrics_show("maintenance_active{} 1").await;
    let before = service.metric("maintenance_rejected_requests_total").await;
    for _ in 0..7 {
        assert_maintenance(&service.get("/").await, "300");
    }
    for _ in 0..3 {
        assert_eq!(service.get(HEALTH_CHECK).await.body, BODY);
    }
    // The first 503s may be counted before or after `before` was read.
    let counted = async || {
        let rejected = service.metric("maintenance_rejected_requests_total").await;
        (rejected >= before + 7).then_some(())
    };
    eventually("the rejected requests are counted", CHANGE_TIMEOUT, counted).await;
    service.until_metrics_show("maintenance_exempted_requests_total{} 3").await;

    service.patch_standby(r#"{"enabled":false}"#);
    service.until_status(200).await;
    service.until_metrics_show("maintenance_active{} 0").await;
}

/// The access log distinguishes a 503 of the filter from any other 503.
pub async fn the_access_log_says_maintenance_mode(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    service.apply("maintenance-mode");
    assert_maintenance(&service.until_status(503).await, "300");
    let logged = async || service.proxy().log().contains(" 503 - maintenance_mode ").then_some(());
    eventually("the access log contains maintenance_mode", CHANGE_TIMEOUT, logged).await;
    let on = "maintenance is on: Retry-After 300 s";
    assert!(service.proxy().log().contains(on), "the change of state is not logged");
}

/// The gauge disappears once the replaced listener has drained.
pub async fn a_deleted_plugin_leaves_the_metrics_once_drained(mesh: &Mesh) {
    let mut service = Service::without_proxy(&mesh.plane, &mesh.registry.image()).await;
    service.drain_seconds = 2;
    service.start_proxy(&mesh.plane).await;
    service.apply("maintenance-mode");
    service.until_status(503).await;
    service.until_metrics_show("maintenance_active{} 1").await;
    service.delete("maintenance-mode");
    service.until_status(200).await;
    let gone = async || {
        let page = service.proxy().metrics().await;
        (!page.contains("maintenance_active{} 1")).then_some(())
    };
    eventually("maintenance_active is no longer 1", CHANGE_TIMEOUT, gone).await;
    let logged = async || service.proxy().log().contains("maintenance is off").then_some(());
    eventually("the end of maintenance is logged", CHANGE_TIMEOUT, logged).await;
}
