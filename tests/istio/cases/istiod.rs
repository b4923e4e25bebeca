//! The control plane stops and comes back.

use harness::upstream::BODY;
use harness::wait::eventually;

use super::switching::is_maintenance;
use crate::mesh::Mesh;
use crate::service::{Service, TIME_TO_CHANGE, try_get};

pub async fn maintenance_holds_while_istiod_is_down(mesh: &Mesh) {
    let mut mesh = mesh.another().await;
    let service = Service::start(&mesh).await;
    service.apply("maintenance-mode");
    is_maintenance(&service.until(503).await, "300");
    mesh.plane.istiod_mut().stop();
    let alone = async || (!service.proxy().is_connected().await).then_some(());
    eventually("the proxy has lost istiod", TIME_TO_CHANGE, alone).await;
    is_maintenance(&service.get("/").await, "300");
    // Nobody is there to tell the proxy.
    service.delete("maintenance-mode");
    is_maintenance(&service.get("/").await, "300");

    mesh.plane.istiod_mut().start_again().await;
    assert_eq!(service.until(200).await.body, BODY);
}

/// A proxy that starts without istiod answers nothing until istiod is back,
/// and then with what is in force.
pub async fn a_proxy_that_starts_without_istiod_waits_for_it(mesh: &Mesh) {
    let mut mesh = mesh.another().await;
    let mut service = Service::start(&mesh).await;
    service.apply("maintenance-mode");
    is_maintenance(&service.until(503).await, "300");
    mesh.plane.istiod_mut().stop();
    service.stop_proxy();
    let reached = service.application.requests().len();
    service.launch_proxy(&mesh.plane);
    let alone = async || service.proxy().log().contains("ca request failed").then_some(());
    eventually("the agent asks for a certificate in vain", TIME_TO_CHANGE, alone).await;
    assert!(try_get(service.address(), "/").await.is_none(), "an answer without istiod");
    assert!(!service.proxy().is_ready().await);

    mesh.plane.istiod_mut().start_again().await;
    let answered = async || try_get(service.address(), "/").await;
    let first = eventually("the first answer", TIME_TO_CHANGE, answered).await;
    is_maintenance(&first, "300");
    assert_eq!(service.application.requests().len(), reached);
}
