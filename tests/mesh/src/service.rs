//! Service in the mesh: a namespace, an application that records its requests, and
//! a sidecar in front of it.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use harness::client::{self, Answer, Client, Http, request};
use harness::port;
use harness::upstream::Upstream;
use harness::wait::eventually;
use serde_json::json;

use crate::Mesh;
use crate::control_plane::ControlPlane;
use crate::kubectl::Kubectl;
use crate::operator::Operator;
use crate::proxy::{Identity, Proxy};
use crate::shipped::Shipped;

/// Deadline for a change to reach a proxy.
pub const CHANGE_TIMEOUT: Duration = Duration::from_secs(30);
/// Path that is exempt by default.
pub const HEALTH_CHECK: &str = "/load-balancer/health-check";

static NEXT: AtomicU32 = AtomicU32::new(1);

/// Service under test, in a namespace of its own.
pub struct Service {
    operator: Operator,
    pub application: Upstream,
    /// Additional environment variables of the sidecar's agent.
    pub environment: Vec<(&'static str, &'static str)>,
    /// Seconds for which the sidecar drains a replaced listener.
    pub drain_seconds: u32,
    inbound: SocketAddr,
    outbound: SocketAddr,
    proxy: Option<Proxy>,
}

/// A case uses a service through the commands of its operator.
impl Deref for Service {
    type Target = Operator;

    fn deref(&self) -> &Operator {
        &self.operator
    }
}

impl Service {
    /// Starts a service and waits until its sidecar is ready.
    pub async fn start(mesh: &Mesh) -> Self {
        let mut service = Self::without_proxy(&mesh.plane, &mesh.registry.image()).await;
        service.start_proxy(&mesh.plane).await;
        service
    }

    /// Starts a service without its sidecar. `image` is the address of the module.
    pub async fn without_proxy(plane: &ControlPlane, image: &str) -> Self {
        let service = Self {
            operator: Operator {
                namespace: format!("shop-{}", NEXT.fetch_add(1, Ordering::Relaxed)),
                kubectl: plane.kubectl().clone(),
                shipped: Shipped::with_image(image),
            },
            application: Upstream::start().await,
            environment: Vec::new(),
            drain_seconds: 45,
            inbound: SocketAddr::from(([127, 0, 0, 1], port())),
            outbound: SocketAddr::from(([127, 0, 0, 1], port())),
            proxy: None,
        };
        create_namespace(plane.kubectl(), &service.namespace).await;
        let listeners = service.listeners_manifest(None, service.inbound, service.outbound);
        service.kubectl.apply(&listeners);
        service.set_mutual_tls("DISABLE");
        service
    }

    /// Starts the sidecar and waits until it is ready.
    pub async fn start_proxy(&mut self, plane: &ControlPlane) {
        self.proxy = Some(Proxy::start(plane, &self.identity()).await);
    }

    /// Starts the sidecar without waiting for it.
    pub fn launch_proxy(&mut self, plane: &ControlPlane) {
        self.proxy = Some(Proxy::launch(plane, &self.identity()));
    }

    /// Stops the sidecar.
    pub fn stop_proxy(&mut self) {
        self.proxy = None;
    }

    pub fn proxy(&self) -> &Proxy {
        self.proxy.as_ref().expect("a running sidecar")
    }

    /// Address that callers connect to.
    pub fn address(&self) -> SocketAddr {
        self.inbound
    }

    /// Address to which the application would send its outbound requests.
    pub fn outbound(&self) -> SocketAddr {
        self.outbound
    }

    /// Sends `GET path` on a new connection.
    pub async fn get(&self, path: &str) -> Answer {
        client::get(self.inbound, path).await
    }

    fn identity(&self) -> Identity {
        Identity {
            name: format!("app.{}", self.namespace),
            namespace: self.namespace.clone(),
            role: "sidecar",
            labels: json!({"app": "shop"}),
            environment: self.environment.clone(),
            drain_seconds: self.drain_seconds,
        }
    }

    /// Routes outbound requests for `service.example`, the host of all test
    /// requests, to the service at `address`.
    pub fn route_outbound_to(&self, address: SocketAddr) {
        let (port, endpoint) = (self.outbound.port(), address.port());
        self.kubectl.apply(&format!(
            "{{apiVersion: networking.istio.io/v1, kind: ServiceEntry,
  metadata: {{name: other, namespace: {}}},
  spec: {{hosts: [service.example], resolution: STATIC, location: MESH_INTERNAL,
    ports: [{{number: {port}, name: http, protocol: HTTP}}],
    endpoints: [{{address: 127.0.0.1, ports: {{http: {endpoint}}}}}]}}}}",
            self.namespace,
        ));
    }

    /// Manifest that gives a sidecar without a pod its listeners, in front of the
    /// application. With a `workload` it is only for sidecars whose label `workload`
    /// has this value.
    pub fn listeners_manifest(
        &self,
        workload: Option<&str>,
        inbound: SocketAddr,
        outbound: SocketAddr,
    ) -> String {
        let selector = workload.map_or_else(String::new, |workload| {
            format!("workloadSelector: {{labels: {{workload: {workload}}}}}, ")
        });
        format!(
            "{{apiVersion: networking.istio.io/v1, kind: Sidecar,
  metadata: {{name: {}, namespace: {}}},
  spec: {{{selector}ingress: [{{port: {{number: {}, protocol: HTTP, name: http}},
      bind: 127.0.0.1, defaultEndpoint: '{}'}}],
    egress: [{{port: {{number: {}, protocol: HTTP, name: http}},
      bind: 127.0.0.1, hosts: ['./*']}}]}}}}",
            workload.unwrap_or("default"),
            self.namespace,
            inbound.port(),
            self.application.address(),
            outbound.port(),
        )
    }

    /// Requires (`STRICT`) or disables (`DISABLE`) mutual TLS for callers.
    pub fn set_mutual_tls(&self, mode: &str) {
        self.kubectl.apply(&format!(
            "{{apiVersion: security.istio.io/v1, kind: PeerAuthentication,
  metadata: {{name: default, namespace: {}}}, spec: {{mtls: {{mode: {mode}}}}}}}",
            self.namespace,
        ));
    }
}

/// Sends `GET path` on a new connection. Returns `None` if nothing listens or the
/// connection breaks.
pub async fn try_get(address: SocketAddr, path: &str) -> Option<Answer> {
    let mut client = Client::connect(address, Http::One).await.ok()?;
    client.send(request("GET", path)).await.ok()
}

/// Creates a namespace with its default service account, which a controller would
/// create in a cluster, and waits for istiod's root certificate in it.
pub async fn create_namespace(kubectl: &Kubectl, namespace: &str) {
    kubectl.run(&["create", "namespace", namespace]);
    kubectl.run(&["create", "serviceaccount", "default", "-n", namespace]);
    let root =
        async || kubectl.try_run(&["get", "configmap", "istio-ca-root-cert", "-n", namespace]).ok();
    eventually("istiod's root certificate is in the namespace", CHANGE_TIMEOUT, root).await;
}
