//! Proxies that start while maintenance is on.

use harness::upstream::BODY;
use harness::wait::eventually;

use super::switching::is_maintenance;
use crate::mesh::Mesh;
use crate::service::{HEALTH_CHECK, Service, TIME_TO_CHANGE, try_get};

/// From its first answer on, a pod that comes up in maintenance is in maintenance.
pub async fn the_first_answer_is_503(mesh: &Mesh) {
    let mut service = Service::without_proxy(&mesh.plane, &mesh.registry.image()).await;
    service.apply("maintenance-mode");
    service.launch_proxy(&mesh.plane);
    // Asked from before it listens, as often as it can be.
    let answered = async || try_get(service.address(), "/").await;
    let first = eventually("the first answer", TIME_TO_CHANGE, answered).await;
    is_maintenance(&first, "300");
    for _ in 0..10 {
        is_maintenance(&service.get("/").await, "300");
    }
    assert!(service.application.requests().is_empty(), "a request reached the application");
    assert_eq!(service.get(HEALTH_CHECK).await.body, BODY);
    service.proxy().ready().await;
}

/// The same with the other plugin, left on.
pub async fn the_first_answer_is_503_with_standby_switched_on(mesh: &Mesh) {
    let mut service = Service::without_proxy(&mesh.plane, &mesh.registry.image()).await;
    service.apply("standby");
    service.patch_standby(r#"{"enabled":true}"#);
    service.start_proxy(&mesh.plane).await;
    is_maintenance(&service.get("/").await, "300");
    assert!(service.application.requests().is_empty(), "a request reached the application");
}
