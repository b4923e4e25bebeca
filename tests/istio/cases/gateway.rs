//! Maintenance of an ingress gateway.

use std::net::SocketAddr;

use harness::port;
use harness::upstream::BODY;
use harness::wait::eventually;
use serde_json::json;

use super::switching::assert_maintenance;
use mesh::Mesh;
use mesh::proxy::{Identity, Proxy};
use mesh::service::{CHANGE_TIMEOUT, HEALTH_CHECK, Service, create_namespace, try_get};

/// Requests through the gateway are rejected. Requests within the mesh are not.
pub async fn the_gateway_is_in_maintenance_and_the_mesh_is_not(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    let namespace = format!("{}-ingress", service.namespace);
    create_namespace(&service.kubectl, &namespace).await;
    let listener = SocketAddr::from(([127, 0, 0, 1], port()));
    service.kubectl.apply(&routes(&namespace, listener.port(), service.address().port()));
    let identity = Identity {
        name: "gateway".into(),
        namespace: namespace.clone(),
        role: "router",
        labels: json!({"istio": "ingressgateway"}),
        environment: Vec::new(),
        drain_seconds: 45,
    };
    let _gateway = Proxy::start(&mesh.plane, &identity).await;
    let until_status = async |status| {
        let answered = async || {
            let answer = try_get(listener, "/").await?;
            (answer.status == status).then_some(answer)
        };
        eventually(&format!("the gateway answers {status}"), CHANGE_TIMEOUT, answered).await
    };
    assert_eq!(until_status(200).await.body, BODY);

    let folder = service.shipped.folder("gateway");
    service.kubectl.run(&["apply", "-n", &namespace, "-f", &folder]);
    assert_maintenance(&until_status(503).await, "300");
    let check = try_get(listener, HEALTH_CHECK).await.expect("a response");
    assert_eq!(check.body, BODY);
    assert_eq!(service.get("/").await.body, BODY);

    service.kubectl.run(&["delete", "-n", &namespace, "-f", &folder]);
    assert_eq!(until_status(200).await.body, BODY);
}

/// Manifests of a gateway on port `listener` that routes every request to the
/// sidecar on port `service`.
fn routes(namespace: &str, listener: u16, service: u16) -> String {
    format!(
        "{{apiVersion: networking.istio.io/v1, kind: Gateway,
  metadata: {{name: edge, namespace: {namespace}}},
  spec: {{selector: {{istio: ingressgateway}}, servers: [{{hosts: ['*'], bind: 127.0.0.1,
    port: {{number: {listener}, name: http, protocol: HTTP}}}}]}}}}
---
{{apiVersion: networking.istio.io/v1, kind: VirtualService,
  metadata: {{name: edge, namespace: {namespace}}},
  spec: {{hosts: ['*'], gateways: [edge],
    http: [{{route: [{{destination: {{host: shop.example, port: {{number: 80}}}}}}]}}]}}}}
---
{{apiVersion: networking.istio.io/v1, kind: ServiceEntry,
  metadata: {{name: shop, namespace: {namespace}}},
  spec: {{hosts: [shop.example], resolution: STATIC, location: MESH_INTERNAL,
    ports: [{{number: 80, name: http, protocol: HTTP}}],
    endpoints: [{{address: 127.0.0.1, ports: {{http: {service}}}}}]}}}}"
    )
}
