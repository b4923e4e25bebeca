//! Callers of a service: the node itself, a pod without a sidecar, a pod with one,
//! and an ingress gateway.

use std::net::{IpAddr, SocketAddr};

use harness::client::{Client, Http, request};
use hyper::header::HOST;
use mesh::kubectl::Kubectl;

use crate::reply::Reply;

/// Where a request comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Caller {
    /// Program on the node.
    Node,
    /// Pod outside the mesh.
    PlainPod,
    /// Pod with a sidecar.
    MeshedPod,
    /// Client outside the cluster, through the ingress gateway.
    Gateway,
}

/// Every caller.
pub const ALL: [Caller; 4] = [Caller::Node, Caller::PlainPod, Caller::MeshedPod, Caller::Gateway];

impl Caller {
    /// Sends a request to the Service `shop` of a namespace.
    ///
    /// # Errors
    /// Says why there was no complete reply.
    pub async fn send(
        self,
        kubectl: &Kubectl,
        namespace: &str,
        method: &str,
        path: &str,
    ) -> Result<Reply, String> {
        let url = format!("http://shop.{namespace}{path}");
        let from_pod = |pod: &str| {
            let command = ["exec", "-n", "callers", pod, "-c", "app", "--", "/app", "call"];
            let text = kubectl.try_run(&[&command[..], &[method, &url]].concat())?;
            serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))
        };
        match self {
            Self::PlainPod => from_pod("plain"),
            Self::MeshedPod => from_pod("meshed"),
            Self::Node => send(service(kubectl, namespace, "shop"), "shop", method, path).await,
            Self::Gateway => {
                let host = format!("{namespace}.example");
                send(service(kubectl, "ingress", "ingress"), &host, method, path).await
            }
        }
    }
}

/// Sends a request from the node.
///
/// # Errors
/// Says why there was no complete reply.
pub async fn send(
    address: SocketAddr,
    host: &str,
    method: &str,
    path: &str,
) -> Result<Reply, String> {
    let mut request = request(method, path);
    request.headers_mut().insert(HOST, host.parse().expect("a host"));
    let mut client = Client::connect(address, Http::One).await.map_err(|e| e.to_string())?;
    let answer = client.send(request).await.map_err(|error| error.to_string())?;
    Ok(answer.into())
}

/// Address of a Service.
pub fn service(kubectl: &Kubectl, namespace: &str, name: &str) -> SocketAddr {
    let path = "jsonpath={.spec.clusterIP}";
    let address = kubectl.run(&["get", "service", name, "-n", namespace, "-o", path]);
    SocketAddr::new(address.parse::<IpAddr>().expect("an address"), 80)
}

/// Makes the pods that call, and waits until they are ready.
pub fn make(kubectl: &Kubectl) {
    kubectl.apply(&manifest());
    for namespace in ["callers", "ingress", "kube-system"] {
        until_ready(kubectl, namespace).unwrap_or_else(|error| {
            let state = kubectl.try_run(&["describe", "pods", "-n", namespace]);
            panic!("the pods of {namespace} are not ready: {error}\n{}", state.unwrap_or_default())
        });
    }
}

/// Waits until the Deployments and the pods of a namespace are ready.
fn until_ready(kubectl: &Kubectl, namespace: &str) -> Result<(), String> {
    let in_time = ["--timeout=120s", "-n", namespace];
    kubectl.try_run(&[&["rollout", "status", "deployment"], &in_time[..]].concat())?;
    let pods = ["wait", "--for=condition=Ready", "pod", "--all"];
    kubectl.try_run(&[&pods[..], &in_time].concat()).map(drop)
}

/// Name of the service that refuses every request, and of its provider in the mesh.
pub const REFUSE: &str = "refuse";

/// Manifests of the callers, and of what they pass.
fn manifest() -> String {
    let no_sidecar = "sidecar.istio.io/inject: \"false\"";
    [
        NAMESPACES,
        &pod("plain", no_sidecar, "wait"),
        &pod("meshed", "", "wait"),
        &pod(REFUSE, &format!("app: {REFUSE}, {no_sidecar}"), "serve"),
        SERVICES,
    ]
    .join("---")
}

/// Manifest of a pod that runs `app ARGUMENT`.
fn pod(name: &str, labels: &str, argument: &str) -> String {
    format!(
        "
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: callers, labels: {{{labels}}}}}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{{name: app, image: localhost/app:1, imagePullPolicy: Never, args: [{argument}]}}]
"
    )
}

const NAMESPACES: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: callers, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Namespace
metadata: {name: ingress, labels: {istio-injection: enabled}}
";

/// Service of the pod that refuses, and the ingress gateway.
const SERVICES: &str = r#"
apiVersion: v1
kind: Service
metadata: {name: refuse, namespace: callers}
spec:
  selector: {app: refuse}
  ports: [{name: http, port: 8080}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ingress, namespace: ingress}
spec:
  selector: {matchLabels: {istio: ingressgateway}}
  template:
    metadata:
      labels: {istio: ingressgateway}
      annotations: {inject.istio.io/templates: gateway}
    spec:
      containers: [{name: istio-proxy, image: auto, imagePullPolicy: Never}]
---
apiVersion: v1
kind: Service
metadata: {name: ingress, namespace: ingress}
spec:
  selector: {istio: ingressgateway}
  ports: [{name: http, port: 80, targetPort: 8080}]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: ingress, namespace: ingress}
spec:
  selector: {istio: ingressgateway}
  servers:
  - port: {number: 8080, name: http, protocol: HTTP}
    hosts: ["*"]
"#;
