//! Behaviour while istiod is down and after it returns.

use harness::upstream::BODY;
use harness::wait::eventually;

use super::switching::assert_maintenance;
use mesh::Mesh;
use mesh::service::{CHANGE_TIMEOUT, Service, try_get};

pub async fn maintenance_holds_while_istiod_is_down(mesh: &Mesh) {
    let mut mesh = mesh.start_second().await;
    let service = Service::start(&mesh).await;
    service.apply("maintenance-mode");
    assert_maintenance(&service.until_status(503).await, "300");
    mesh.plane.istiod_mut().stop();
    let disconnected = async || (!service.proxy().is_connected().await).then_some(());
    eventually("the proxy is disconnected from istiod", CHANGE_TIMEOUT, disconnected).await;
    assert_maintenance(&service.get("/").await, "300");
    // No istiod is running to push the change to the proxy.
    service.delete("maintenance-mode");
    assert_maintenance(&service.get("/").await, "300");

    mesh.plane.istiod_mut().restart().await;
    assert_eq!(service.until_status(200).await.body, BODY);
}

/// A proxy that starts without istiod accepts no connection until istiod returns.
/// Its first response then follows the current configuration.
pub async fn a_proxy_that_starts_without_istiod_waits_for_it(mesh: &Mesh) {
    let mut mesh = mesh.start_second().await;
    let mut service = Service::start(&mesh).await;
    service.apply("maintenance-mode");
    assert_maintenance(&service.until_status(503).await, "300");
    mesh.plane.istiod_mut().stop();
    service.stop_proxy();
    let received = service.application.requests().len();
    service.launch_proxy(&mesh.plane);
    let refused = async || service.proxy().log().contains("ca request failed").then_some(());
    eventually("the agent's certificate request fails", CHANGE_TIMEOUT, refused).await;
    assert!(try_get(service.address(), "/").await.is_none(), "the proxy answers without istiod");
    assert!(!service.proxy().is_ready().await);

    mesh.plane.istiod_mut().restart().await;
    let answered = async || try_get(service.address(), "/").await;
    let first = eventually("the first response", CHANGE_TIMEOUT, answered).await;
    assert_maintenance(&first, "300");
    assert_eq!(service.application.requests().len(), received);
}
