//! Stand-in for the kubelet (`tests/istio/kubelet`), so that `kubectl exec` reaches
//! proxies that run without a pod.

use std::net::{SocketAddr, TcpStream};
use std::process::Command;

use harness::port;
use harness::process::Process;
use harness::wait::eventually;
use serde_json::{Value, json};
use tempfile::TempDir;

use mesh::control_plane::ControlPlane;
use mesh::kubectl::Kubectl;
use mesh::service::CHANGE_TIMEOUT;

/// Node with a stand-in for its kubelet, and with the pods of one namespace.
pub struct Kubelet {
    _process: Process,
    _folder: TempDir,
    kubectl: Kubectl,
    node: String,
    namespace: String,
}

impl Kubelet {
    /// Starts the kubelet. `proxies` are names of pods whose proxy has its admin
    /// interface on the port.
    pub async fn start(plane: &ControlPlane, namespace: &str, proxies: &[(&str, u16)]) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let address = SocketAddr::from(([127, 0, 0, 1], port()));
        let mut command = Command::new(plane.tools().path("kubelet"));
        command.arg(address.to_string());
        command.args(proxies.iter().map(|(pod, port)| format!("{namespace}/{pod}={port}")));
        let process = Process::spawn("kubelet", &mut command, &folder.path().join("kubelet.log"));
        let listens = async || TcpStream::connect(address).ok();
        eventually("the kubelet listens", CHANGE_TIMEOUT, listens).await;
        let kubelet = Self {
            _process: process,
            _folder: folder,
            kubectl: plane.kubectl().clone(),
            node: format!("node-{namespace}"),
            namespace: namespace.into(),
        };
        kubelet.kubectl.apply(
            &json!({
                "apiVersion": "v1", "kind": "Node", "metadata": {"name": kubelet.node},
                "status": {
                    "addresses": [{"type": "InternalIP", "address": address.ip()}],
                    "daemonEndpoints": {"kubeletEndpoint": {"Port": address.port()}},
                },
            })
            .to_string(),
        );
        kubelet
    }

    /// Creates a pod with an application, and with the containers and init
    /// containers of these names.
    pub fn add_pod(&self, name: &str, containers: &[&str], init_containers: &[&str]) {
        self.create_pod(name, &[&["application"], containers].concat(), init_containers);
    }

    /// Creates the pod of a gateway, whose only container is the proxy.
    pub fn add_gateway_pod(&self, name: &str) {
        self.create_pod(name, &["istio-proxy"], &[]);
    }

    fn create_pod(&self, name: &str, containers: &[&str], init_containers: &[&str]) {
        let list = |names: &[&str], restart: Value| -> Vec<Value> {
            let container = |name| json!({"name": name, "image": "none", "restartPolicy": restart});
            names.iter().map(container).collect()
        };
        self.kubectl.apply(
            &json!({
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": name, "namespace": self.namespace, "labels": {"app": name}},
                "spec": {
                    "nodeName": self.node,
                    "containers": list(containers, Value::Null),
                    "initContainers": list(init_containers, json!("Always")),
                },
            })
            .to_string(),
        );
    }

    /// Sets the phase of a pod.
    pub fn set_phase(&self, pod: &str, phase: &str) {
        let patch = json!({"status": {"phase": phase}}).to_string();
        let namespace = format!("--namespace={}", self.namespace);
        let status = "--subresource=status";
        self.kubectl.run(&["patch", "pod", pod, &namespace, status, "--patch", &patch]);
    }
}
