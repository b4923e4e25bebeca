//! Scope of maintenance: outbound requests, other namespaces and the root
//! namespace.

use harness::client;
use harness::upstream::BODY;
use harness::wait::eventually;

use super::switching::assert_maintenance;
use mesh::Mesh;
use mesh::service::{CHANGE_TIMEOUT, Service, try_get};

/// Outbound requests of a service in maintenance are forwarded. Without `match` in
/// the manifest they are rejected.
pub async fn outbound_requests_are_untouched(mesh: &Mesh) {
    let other = Service::start(mesh).await;
    let service = Service::start(mesh).await;
    service.route_outbound_to(other.address());
    let until_outbound_status = async |status| {
        let answered = async || {
            let answer = try_get(service.outbound(), "/").await?;
            (answer.status == status).then_some(answer)
        };
        eventually(
            &format!("outbound requests are answered with {status}"),
            CHANGE_TIMEOUT,
            answered,
        )
        .await
    };
    assert_eq!(until_outbound_status(200).await.body, BODY);

    service.apply("maintenance-mode");
    assert_maintenance(&service.until_status(503).await, "300");
    for _ in 0..10 {
        let answer = client::get(service.outbound(), "/").await;
        assert_eq!((answer.status, &answer.body[..]), (200, BODY.as_bytes()));
    }

    service.shipped.edit("maintenance-mode", "  match:\n  - mode: SERVER\n", "");
    service.apply("maintenance-mode");
    assert_maintenance(&until_outbound_status(503).await, "300");
}

/// A plugin affects only the namespace it is applied to.
pub async fn other_namespaces_are_untouched(mesh: &Mesh) {
    let (service, other) = (Service::start(mesh).await, Service::start(mesh).await);
    service.apply("maintenance-mode");
    assert_maintenance(&service.until_status(503).await, "300");
    for _ in 0..10 {
        assert_eq!(other.get("/").await.body, BODY);
    }
    let filters = other.proxy().filters(other.address().port()).await;
    assert!(!filters.iter().any(|filter| filter.contains("maintenance")), "{filters:?}");
}

/// A plugin in Istio's root namespace affects the whole mesh.
pub async fn the_root_namespace_is_the_whole_mesh(mesh: &Mesh) {
    let mesh = mesh.start_second().await;
    let (one, other) = (Service::start(&mesh).await, Service::start(&mesh).await);
    let folder = one.shipped.folder("maintenance-mode");
    mesh.plane.kubectl().run(&["apply", "-n", "istio-system", "-f", &folder]);
    assert_maintenance(&one.until_status(503).await, "300");
    assert_maintenance(&other.until_status(503).await, "300");
    mesh.plane.kubectl().run(&["delete", "-n", "istio-system", "-f", &folder]);
    assert_eq!(one.until_status(200).await.body, BODY);
    assert_eq!(other.until_status(200).await.body, BODY);
}
