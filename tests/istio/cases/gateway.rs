//! Maintenance of an ingress gateway.

use std::net::SocketAddr;

use harness::client::{Answer, Client, Http, request};
use harness::port;
use harness::upstream::BODY;
use harness::wait::eventually;
use hyper::header::HOST;
use serde_json::json;

use super::recipes;
use super::switching::assert_maintenance;
use super::verify::verify;
use mesh::Mesh;
use mesh::proxy::{Identity, Proxy};
use mesh::service::{CHANGE_TIMEOUT, HEALTH_CHECK, Service, create_namespace};

/// Host of most requests.
pub const HOST_NAME: &str = "shop.example.com";

/// Ingress gateway in a namespace of its own, in front of a service.
pub struct Edge {
    pub namespace: String,
    listener: SocketAddr,
    pub gateway: Proxy,
}

impl Edge {
    /// Starts a gateway that routes every request to the sidecar of the service.
    pub async fn start(mesh: &Mesh, service: &Service) -> Self {
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
        let gateway = Proxy::start(&mesh.plane, &identity).await;
        Self { namespace, listener, gateway }
    }

    /// Waits until `GET /` for a host gets a status.
    pub async fn until_status(&self, host: &str, status: u16) -> Answer {
        let answered = async || {
            let answer = self.try_get(host, "/").await?;
            (answer.status == status).then_some(answer)
        };
        eventually(&format!("{host} gets {status}"), CHANGE_TIMEOUT, answered).await
    }

    /// Waits until twenty new connections in a row get 503. Each worker takes over the
    /// new listener by itself, and the kernel assigns a connection to a worker by chance.
    async fn until_every_worker_rejects(&self, host: &str) {
        let rejected = async || {
            for _ in 0..20 {
                self.try_get(host, "/").await.filter(|answer| answer.status == 503)?;
            }
            Some(())
        };
        eventually("every worker rejects", CHANGE_TIMEOUT, rejected).await;
    }

    /// Sends `GET` for a host on a new connection. Returns `None` if there is no reply.
    async fn try_get(&self, host: &str, path: &str) -> Option<Answer> {
        let mut request = request("GET", path);
        request.headers_mut().insert(HOST, host.parse().expect("a host"));
        let mut client = Client::connect(self.listener, Http::One).await.ok()?;
        client.send(request).await.ok()
    }
}

/// Requests through the gateway are rejected. Requests within the mesh are not.
pub async fn the_gateway_is_in_maintenance_and_the_mesh_is_not(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    let edge = Edge::start(mesh, &service).await;
    assert_eq!(edge.until_status(HOST_NAME, 200).await.body, BODY);

    let folder = service.shipped.folder("gateway");
    service.kubectl.run(&["apply", "-n", &edge.namespace, "-f", &folder]);
    assert_maintenance(&edge.until_status(HOST_NAME, 503).await, "300");
    let check = edge.try_get(HOST_NAME, HEALTH_CHECK).await.expect("a response");
    assert_eq!(check.body, BODY);
    assert_eq!(service.get("/").await.body, BODY);

    service.kubectl.run(&["delete", "-n", &edge.namespace, "-f", &folder]);
    assert_eq!(edge.until_status(HOST_NAME, 200).await.body, BODY);
}

/// `docs/recipes/gateway-host.yaml`.
pub async fn one_host_of_the_gateway_is_in_maintenance(mesh: &Mesh) {
    const OTHER_HOSTS: [&str; 3] = ["blog.example.com", "example.com", "myshop.example.com"];
    let service = Service::start(mesh).await;
    let edge = Edge::start(mesh, &service).await;
    assert_eq!(edge.until_status(HOST_NAME, 200).await.body, BODY);

    let file = recipes::manifest(&service, "gateway-host");
    service.kubectl.run(&["apply", "-n", &edge.namespace, "-f", &file]);
    assert_maintenance(&edge.until_status(HOST_NAME, 503).await, "300");
    edge.until_every_worker_rejects(HOST_NAME).await;
    for host in ["SHOP.example.com:443", "shop.example.com.", "api.shop.example.com"] {
        let answer = edge.try_get(host, "/").await.expect("a response");
        assert_maintenance(&answer, "300");
    }
    for host in OTHER_HOSTS {
        let answer = edge.try_get(host, "/").await.expect("a response");
        assert_eq!(answer.body, BODY, "{host}");
    }
    assert_eq!(verify("gateway-host", edge.listener, &[]), 2);
    assert_eq!(service.get("/").await.body, BODY);
    let passed = format!("maintenance_out_of_scope_requests_total{{}} {}", OTHER_HOSTS.len() + 1);
    let counted = async || edge.gateway.metrics().await.contains(&passed).then_some(());
    eventually("requests for other hosts are counted", CHANGE_TIMEOUT, counted).await;

    service.kubectl.run(&["delete", "-n", &edge.namespace, "-f", &file]);
    assert_eq!(edge.until_status(HOST_NAME, 200).await.body, BODY);
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
    http: [{{route: [{{destination: {{host: shop.{namespace}.example, port: {{number: 80}}}}}}]}}]}}}}
---
{{apiVersion: networking.istio.io/v1, kind: ServiceEntry,
  metadata: {{name: shop, namespace: {namespace}}},
  spec: {{hosts: [shop.{namespace}.example], resolution: STATIC, location: MESH_INTERNAL,
    ports: [{{number: 80, name: http, protocol: HTTP}}],
    endpoints: [{{address: 127.0.0.1, ports: {{http: {service}}}}}]}}}}"
    )
}
