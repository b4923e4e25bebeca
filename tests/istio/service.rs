//! A service of the mesh: a namespace of its own, an application that counts
//! what reaches it, and a sidecar in front.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use harness::client::{self, Answer, Client, Http, request};
use harness::port;
use harness::upstream::Upstream;
use harness::wait::eventually;
use serde_json::json;

use crate::control_plane::ControlPlane;
use crate::kubectl::Kubectl;
use crate::mesh::Mesh;
use crate::proxy::{Identity, Proxy};
use crate::shipped::Shipped;

/// How long a change may take to reach a proxy before a case fails.
pub const TIME_TO_CHANGE: Duration = Duration::from_secs(30);
/// The path that is exempt when the configuration names none.
pub const HEALTH_CHECK: &str = "/load-balancer/health-check";

static NEXT: AtomicU32 = AtomicU32::new(1);

/// A service under test, and what an operator has at hand for it.
pub struct Service {
    pub namespace: String,
    pub application: Upstream,
    pub shipped: Shipped,
    pub kubectl: Kubectl,
    /// What the sidecar's agent is told beside, as environment variables.
    pub settings: Vec<(&'static str, &'static str)>,
    /// How long the sidecar keeps a replaced listener for its connections.
    pub drain_seconds: u32,
    inbound: SocketAddr,
    outbound: SocketAddr,
    proxy: Option<Proxy>,
}

impl Service {
    /// A service whose sidecar is ready.
    pub async fn start(mesh: &Mesh) -> Self {
        let mut service = Self::without_proxy(&mesh.plane, &mesh.registry.image()).await;
        service.start_proxy(&mesh.plane).await;
        service
    }

    /// A service whose sidecar is still to be started; `image` is the module's address.
    pub async fn without_proxy(plane: &ControlPlane, image: &str) -> Self {
        let service = Self {
            namespace: format!("shop-{}", NEXT.fetch_add(1, Ordering::Relaxed)),
            application: Upstream::start().await,
            shipped: Shipped::with_image(image),
            kubectl: plane.kubectl().clone(),
            settings: Vec::new(),
            drain_seconds: 45,
            inbound: SocketAddr::from(([127, 0, 0, 1], port())),
            outbound: SocketAddr::from(([127, 0, 0, 1], port())),
            proxy: None,
        };
        prepare(plane.kubectl(), &service.namespace).await;
        service.kubectl.apply(&service.listeners());
        service.mutual_tls("DISABLE");
        service
    }

    /// Starts the sidecar and waits until requests pass it.
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

    /// Where callers reach it.
    pub fn address(&self) -> SocketAddr {
        self.inbound
    }

    /// Where its application would send what is for others.
    pub fn outbound(&self) -> SocketAddr {
        self.outbound
    }

    /// `GET path` on a connection of its own.
    pub async fn get(&self, path: &str) -> Answer {
        client::get(self.inbound, path).await
    }

    /// `kubectl VERB -n NAMESPACE -f FOLDER` with a shipped folder.
    pub fn kubectl_file(&self, verb: &str, folder: &str) -> String {
        self.kubectl.run(&[verb, "-n", &self.namespace, "-f", &self.shipped.folder(folder)])
    }

    /// `kubectl apply` of a shipped folder, to its namespace.
    pub fn apply(&self, folder: &str) {
        self.kubectl_file("apply", folder);
    }

    /// `kubectl delete` of a shipped folder, from its namespace.
    pub fn delete(&self, folder: &str) {
        self.kubectl_file("delete", folder);
    }

    /// Patches the plugin of `istio/standby`, as its comment says.
    pub fn patch_standby(&self, config: &str) {
        let patch = format!(r#"{{"spec":{{"pluginConfig":{config}}}}}"#);
        self.patch("maintenance-standby", &patch);
    }

    /// `kubectl patch` of a plugin.
    pub fn patch(&self, name: &str, patch: &str) {
        let plugin = ["patch", "wasmplugin", name, "-n", &self.namespace, "--type", "merge", "-p"];
        self.kubectl.run(&[&plugin[..], &[patch]].concat());
    }

    fn identity(&self) -> Identity {
        Identity {
            name: format!("app.{}", self.namespace),
            namespace: self.namespace.clone(),
            role: "sidecar",
            labels: json!({"app": "shop"}),
            settings: self.settings.clone(),
            drain_seconds: self.drain_seconds,
        }
    }

    /// Makes `service.example`, the host that the clients ask for, the service
    /// at `address` for what leaves through the sidecar.
    pub fn reaches(&self, address: SocketAddr) {
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

    /// Listeners for a sidecar without a pod.
    fn listeners(&self) -> String {
        let (inbound, outbound) = (self.inbound.port(), self.outbound.port());
        format!(
            "{{apiVersion: networking.istio.io/v1, kind: Sidecar,
  metadata: {{name: default, namespace: {}}},
  spec: {{ingress: [{{port: {{number: {inbound}, protocol: HTTP, name: http}},
      bind: 127.0.0.1, defaultEndpoint: '{}'}}],
    egress: [{{port: {{number: {outbound}, protocol: HTTP, name: http}},
      bind: 127.0.0.1, hosts: ['./*']}}]}}}}",
            self.namespace,
            self.application.address(),
        )
    }

    /// Says whether callers must (`STRICT`) or need not (`DISABLE`) use mTLS.
    pub fn mutual_tls(&self, mode: &str) {
        self.kubectl.apply(&format!(
            "{{apiVersion: security.istio.io/v1, kind: PeerAuthentication,
  metadata: {{name: default, namespace: {}}}, spec: {{mtls: {{mode: {mode}}}}}}}",
            self.namespace,
        ));
    }
}

/// `GET path`; `None` where nobody listens or the connection breaks.
pub async fn try_get(address: SocketAddr, path: &str) -> Option<Answer> {
    let mut client = Client::connect(address, Http::One).await.ok()?;
    client.send(request("GET", path)).await.ok()
}

/// A namespace with what controllers would put into it: none runs here.
pub async fn prepare(kubectl: &Kubectl, namespace: &str) {
    kubectl.run(&["create", "namespace", namespace]);
    kubectl.run(&["create", "serviceaccount", "default", "-n", namespace]);
    let root =
        async || kubectl.try_run(&["get", "configmap", "istio-ca-root-cert", "-n", namespace]).ok();
    eventually("istiod's root certificate is in the namespace", TIME_TO_CHANGE, root).await;
}
