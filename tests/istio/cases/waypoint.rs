//! Configuration of a waypoint in ambient mode. Without ztunnel, no request passes
//! it.

use harness::client;
use harness::wait::eventually;
use serde_json::json;

use mesh::Mesh;
use mesh::proxy::{Identity, Proxy};
use mesh::service::{CHANGE_TIMEOUT, Service};

/// istiod sends the filter to the waypoint. The suite tests only the configuration,
/// because stock Envoy lacks the extensions of a waypoint's listener.
pub async fn the_filter_is_in_the_waypoints_configuration(mesh: &Mesh) {
    let service = Service::without_proxy(&mesh.plane, &mesh.registry.image()).await;
    let namespace = service.namespace.as_str();
    service.kubectl.apply(&format!(
        "{{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway,
  metadata: {{name: waypoint, namespace: {namespace}, labels: {{istio.io/waypoint-for: service}}}},
  spec: {{gatewayClassName: istio-waypoint, listeners: [{{name: mesh, port: 15008, protocol: HBONE}}]}}}}
---
{{apiVersion: v1, kind: Service,
  metadata: {{name: shop, namespace: {namespace}, labels: {{istio.io/use-waypoint: waypoint}}}},
  spec: {{ports: [{{name: http, port: 80}}]}}}}"
    ));
    let identity = Identity {
        name: "waypoint".into(),
        namespace: namespace.into(),
        role: "waypoint",
        labels: json!({"gateway.networking.k8s.io/gateway-name": "waypoint"}),
        environment: Vec::new(),
        drain_seconds: 45,
    };
    let _waypoint = Proxy::launch(&mesh.plane, &identity);
    let dump = async || {
        let page = format!("/debug/config_dump?proxyID=waypoint.{namespace}");
        let answer = client::get(mesh.plane.istiod().http(), &page).await;
        String::from_utf8(answer.body.to_vec()).expect("text")
    };
    let connected = async || dump().await.contains("main_internal").then_some(());
    eventually("istiod has a configuration for the waypoint", CHANGE_TIMEOUT, connected).await;
    let filter = format!("extensions.istio.io/trafficextension/{namespace}.maintenance-waypoint");
    assert!(!dump().await.contains(&filter));

    service.apply("waypoint");
    let present = async || dump().await.contains(&filter).then_some(());
    eventually("the waypoint's configuration contains the filter", CHANGE_TIMEOUT, present).await;
    service.delete("waypoint");
    let removed = async || (!dump().await.contains(&filter)).then_some(());
    eventually("the filter is removed", CHANGE_TIMEOUT, removed).await;
}
