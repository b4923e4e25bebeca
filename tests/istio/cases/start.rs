//! Proxies that start during maintenance.

use harness::upstream::BODY;
use harness::wait::eventually;

use super::switching::assert_maintenance;
use mesh::Mesh;
use mesh::service::{CHANGE_TIMEOUT, HEALTH_CHECK, Service, try_get};

/// A pod that starts during maintenance rejects requests from its first response
/// on.
pub async fn the_first_answer_is_503(mesh: &Mesh) {
    let mut service = Service::without_proxy(&mesh.plane, &mesh.registry.image()).await;
    service.apply("maintenance-mode");
    service.launch_proxy(&mesh.plane);
    // The requests begin before the proxy listens.
    let answered = async || try_get(service.address(), "/").await;
    let first = eventually("the first response", CHANGE_TIMEOUT, answered).await;
    assert_maintenance(&first, "300");
    for _ in 0..10 {
        assert_maintenance(&service.get("/").await, "300");
    }
    service.application.assert_untouched();
    assert_eq!(service.get(HEALTH_CHECK).await.body, BODY);
    service.proxy().wait_until_ready().await;
}

/// A pod that starts while the standby plugin is enabled rejects requests from its
/// first response on.
pub async fn the_first_answer_is_503_with_standby_switched_on(mesh: &Mesh) {
    let mut service = Service::without_proxy(&mesh.plane, &mesh.registry.image()).await;
    service.apply("standby");
    service.patch_standby(r#"{"enabled":true}"#);
    service.start_proxy(&mesh.plane).await;
    assert_maintenance(&service.get("/").await, "300");
    service.application.assert_untouched();
}
