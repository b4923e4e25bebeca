//! Callers of a service: the node itself, a pod without a sidecar, a pod with one,
//! and an ingress gateway.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use harness::client::{Client, Http, request};
use hyper::header::HOST;
use serde::Deserialize;

use mesh::kubectl::Kubectl;

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

/// Reply to a request, in the format of `app call`.
#[derive(Clone, Debug, Deserialize)]
pub struct Reply {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Reply {
    /// Value of a header; empty if it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

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

async fn send(address: SocketAddr, host: &str, method: &str, path: &str) -> Result<Reply, String> {
    let mut request = request(method, path);
    request.headers_mut().insert(HOST, host.parse().expect("a host"));
    let mut client = Client::connect(address, Http::One).await.map_err(|e| e.to_string())?;
    let answer = client.send(request).await.map_err(|error| error.to_string())?;
    let text = |value: &hyper::header::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    Ok(Reply {
        status: answer.status,
        headers: answer.headers.iter().map(|(name, v)| (name.to_string(), text(v))).collect(),
        body: String::from_utf8_lossy(&answer.body).into_owned(),
    })
}

/// Address of a Service.
pub fn service(kubectl: &Kubectl, namespace: &str, name: &str) -> SocketAddr {
    let path = "jsonpath={.spec.clusterIP}";
    let address = kubectl.run(&["get", "service", name, "-n", namespace, "-o", path]);
    SocketAddr::new(address.parse::<IpAddr>().expect("an address"), 80)
}

/// Makes the pods that call, and waits until they are ready.
pub fn make(kubectl: &Kubectl) {
    kubectl.apply(MANIFEST);
    for (namespace, what) in [("callers", "pod"), ("ingress", "pod"), ("kube-system", "pod")] {
        let wait =
            ["wait", "--for=condition=Ready", "--timeout=120s", what, "--all", "-n", namespace];
        let ready = || {
            kubectl.try_run(&[
                "rollout",
                "status",
                "deployment",
                "--timeout=120s",
                "-n",
                namespace,
            ])?;
            kubectl.try_run(&wait)
        };
        ready().unwrap_or_else(|error| {
            let state = kubectl.try_run(&["describe", "pods", "-n", namespace]);
            panic!("the pods of {namespace} are not ready: {error}\n{}", state.unwrap_or_default())
        });
    }
}

/// Name of the service that refuses every request, and of its provider in the mesh.
pub const REFUSE: &str = "refuse";

const MANIFEST: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: callers, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Namespace
metadata: {name: ingress, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Pod
metadata: {name: plain, namespace: callers, labels: {sidecar.istio.io/inject: "false"}}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: app, image: localhost/app:1, imagePullPolicy: Never, args: [wait]}]
---
apiVersion: v1
kind: Pod
metadata: {name: meshed, namespace: callers}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: app, image: localhost/app:1, imagePullPolicy: Never, args: [wait]}]
---
apiVersion: v1
kind: Pod
metadata:
  name: refuse
  namespace: callers
  labels: {app: refuse, sidecar.istio.io/inject: "false"}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: app, image: localhost/app:1, imagePullPolicy: Never, args: [serve]}]
---
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
