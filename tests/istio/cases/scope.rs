//! What a namespace in maintenance leaves alone.

use harness::client;
use harness::upstream::BODY;
use harness::wait::eventually;

use super::switching::is_maintenance;
use crate::mesh::Mesh;
use crate::service::{Service, TIME_TO_CHANGE, try_get};

/// What its workloads ask of others still gets there; without `match` it does not.
pub async fn outbound_requests_are_untouched(mesh: &Mesh) {
    let other = Service::start(mesh).await;
    let service = Service::start(mesh).await;
    service.reaches(other.address());
    let outbound = async |status| {
        let answered = async || {
            let answer = try_get(service.outbound(), "/").await?;
            (answer.status == status).then_some(answer)
        };
        eventually(&format!("outbound {status}"), TIME_TO_CHANGE, answered).await
    };
    assert_eq!(outbound(200).await.body, BODY);

    service.apply("maintenance-mode");
    is_maintenance(&service.until(503).await, "300");
    for _ in 0..10 {
        let answer = client::get(service.outbound(), "/").await;
        assert_eq!((answer.status, &answer.body[..]), (200, BODY.as_bytes()));
    }

    service.shipped.edit("maintenance-mode", "  match:\n  - mode: SERVER\n", "");
    service.apply("maintenance-mode");
    is_maintenance(&outbound(503).await, "300");
}

/// A plugin in the wrong namespace does nothing where it was meant to.
pub async fn other_namespaces_are_untouched(mesh: &Mesh) {
    let (service, other) = (Service::start(mesh).await, Service::start(mesh).await);
    service.apply("maintenance-mode");
    is_maintenance(&service.until(503).await, "300");
    for _ in 0..10 {
        assert_eq!(other.get("/").await.body, BODY);
    }
    let filters = other.proxy().filters(other.address().port()).await;
    assert!(!filters.iter().any(|filter| filter.contains("maintenance")), "{filters:?}");
}

/// In Istio's root namespace it is for the whole mesh.
pub async fn the_root_namespace_is_the_whole_mesh(mesh: &Mesh) {
    let mesh = mesh.another().await;
    let (one, other) = (Service::start(&mesh).await, Service::start(&mesh).await);
    let folder = one.shipped.folder("maintenance-mode");
    mesh.plane.kubectl().run(&["apply", "-n", "istio-system", "-f", &folder]);
    is_maintenance(&one.until(503).await, "300");
    is_maintenance(&other.until(503).await, "300");
    mesh.plane.kubectl().run(&["delete", "-n", "istio-system", "-f", &folder]);
    assert_eq!(one.until(200).await.body, BODY);
    assert_eq!(other.until(200).await.body, BODY);
}
