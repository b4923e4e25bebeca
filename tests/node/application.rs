//! Application on the node: a Deployment with a sidecar in each pod, and its Service.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};

use harness::wait::eventually;
use serde_json::Value;

use crate::callers::{Caller, service};
use crate::cluster::{CHANGE_TIMEOUT, Cluster, POD_TIMEOUT};
use crate::pod::Pod;
use crate::reply::{Reply, assert_maintenance, is_application};
use mesh::operator::Operator;
use mesh::shipped::Shipped;

/// Probes of the kubelet by HTTP, one of each kind.
pub const HTTP_PROBES: &str = "
        startupProbe: {httpGet: {path: /startup, port: 8080}, periodSeconds: 1}
        readinessProbe: {httpGet: {path: /ready, port: 8080}, periodSeconds: 1}
        livenessProbe: {httpGet: {path: /live, port: 8080}, periodSeconds: 1}
";

static NEXT: AtomicU32 = AtomicU32::new(1);

/// How the application differs from one case to the next.
pub struct Settings<'a> {
    pub replicas: u32,
    /// Probes of the container, in YAML.
    pub probes: &'a str,
    /// Additional annotations of the pods, in YAML.
    pub annotations: &'a str,
    /// Name of the Service's port, by which Istio knows the protocol.
    pub port: &'a str,
}

/// Two replicas with HTTP probes.
pub const DEFAULT: Settings<'static> =
    Settings { replicas: 2, probes: HTTP_PROBES, annotations: "", port: "http" };

/// Application in its own namespace, with the manifests of its operator. The
/// namespace is deleted with it.
pub struct Application {
    operator: Operator,
    is_finished: Cell<bool>,
}

/// A case uses an application through the commands of its operator.
impl Deref for Application {
    type Target = Operator;

    fn deref(&self) -> &Operator {
        &self.operator
    }
}

impl Application {
    /// Makes the application and waits until it is ready.
    pub async fn start(cluster: &Cluster, settings: &Settings<'_>) -> Self {
        let application = Self::make(cluster, settings);
        application.until_ready(settings.replicas).await;
        application
    }

    /// Makes the application without waiting for it.
    pub fn make(cluster: &Cluster, settings: &Settings<'_>) -> Self {
        let namespace = format!("shop-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let kubectl = cluster.kubectl().clone();
        let operator =
            Operator { namespace, kubectl, shipped: Shipped::with_image_by_script(&cluster.image) };
        let application = Self { operator, is_finished: Cell::new(false) };
        application.kubectl.apply(&application.manifest(settings));
        application
    }

    fn manifest(&self, settings: &Settings<'_>) -> String {
        let Settings { replicas, probes, annotations, port } = settings;
        let namespace = &self.namespace;
        format!(
            r#"
apiVersion: v1
kind: Namespace
metadata: {{name: {namespace}, labels: {{istio-injection: enabled}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: shop, namespace: {namespace}}}
spec:
  selector: {{app: shop}}
  ports: [{{name: {port}, port: 80, targetPort: 8080}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: shop, namespace: {namespace}}}
spec:
  hosts: [{namespace}.example]
  gateways: [ingress/ingress]
  http: [{{route: [{{destination: {{host: shop.{namespace}.svc.cluster.local, port: {{number: 80}}}}}}]}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: shop, namespace: {namespace}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: shop}}}}
  template:
    metadata:
      labels: {{app: shop}}
      annotations:
        # The suite reads there what has arrived.
        traffic.sidecar.istio.io/excludeInboundPorts: "9090"
        {annotations}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
      - name: shop
        image: localhost/app:1
        imagePullPolicy: Never
        args: [serve]
        ports: [{{containerPort: 8080}}]
        {probes}
"#
        )
    }

    /// Writes another address of the module into the manifests.
    pub fn set_image(&mut self, url: &str) {
        self.operator.shipped = Shipped::with_image_by_script(url);
    }

    /// Waits until all pods of a number of replicas are ready and no other pod is left.
    pub async fn until_ready(&self, replicas: u32) {
        let ready = async || {
            let pods = self.pods();
            (pods.len() == replicas as usize && pods.iter().all(|pod| pod.is_ready)).then_some(())
        };
        eventually("the application is ready", POD_TIMEOUT, ready).await;
    }

    /// Pods that have an address, those that end included.
    pub fn pods(&self) -> Vec<Pod> {
        let command = ["get", "pods", "-n", &self.namespace, "-l", "app=shop", "-o", "json"];
        let list: Value = serde_json::from_str(&self.kubectl.run(&command)).expect("JSON");
        list["items"].as_array().expect("pods").iter().filter_map(Pod::read).collect()
    }

    /// Requests that the pods have received, by method and path. A pod that does not
    /// reply counts nothing.
    pub async fn received(&self) -> BTreeMap<String, u64> {
        let mut sum = BTreeMap::new();
        for pod in self.pods() {
            for (request, count) in pod.received().await.unwrap_or_default() {
                *sum.entry(request).or_default() += count;
            }
        }
        sum
    }

    /// Number of requests of a kind, such as `GET /`, that the pods have received.
    pub async fn count(&self, request: &str) -> u64 {
        self.received().await.get(request).copied().unwrap_or_default()
    }

    /// Number of requests that the kubelet has sent: those for the probes' paths.
    pub async fn probed(&self) -> u64 {
        let paths = ["GET /startup", "GET /ready", "GET /live"];
        let received = self.received().await;
        paths.iter().filter_map(|path| received.get(*path)).sum()
    }

    /// Sends `GET path` from a caller.
    pub async fn get(&self, caller: Caller, path: &str) -> Result<Reply, String> {
        caller.send(&self.kubectl, &self.namespace, "GET", path).await
    }

    /// Waits until `GET /` from each caller gets a reply of the application.
    pub async fn until_application_answers(&self, callers: &[Caller]) {
        for caller in callers {
            let answered = async || self.get(*caller, "/").await.ok().filter(is_application);
            let condition = format!("{caller:?} gets the application's reply");
            eventually(&condition, CHANGE_TIMEOUT, answered).await;
        }
    }

    /// Waits until `GET /` from each caller gets the maintenance reply.
    pub async fn until_maintenance(&self, callers: &[Caller]) {
        for caller in callers {
            let answered = async || self.get(*caller, "/").await.ok().filter(|r| r.status == 503);
            let condition = format!("{caller:?} gets 503");
            assert_maintenance(&eventually(&condition, CHANGE_TIMEOUT, answered).await);
        }
    }

    /// Waits with `kubectl maintenance status --wait` until every proxy is on or off.
    #[track_caller]
    pub fn wait_until_proxies_are(&self, state: &str) -> String {
        let (code, text) = self.maintenance(&["status", "--wait", state, "--timeout", "90s"]);
        assert_eq!(code, Some(0), "{text}");
        text
    }

    /// Address of the Service.
    pub fn address(&self) -> SocketAddr {
        service(&self.kubectl, &self.namespace, "shop")
    }

    /// Output of the sidecar of a pod.
    pub fn proxy_log(&self, pod: &str) -> String {
        self.kubectl.run(&["logs", "-n", &self.namespace, pod, "-c", "istio-proxy"])
    }

    /// Waits until a sidecar's output contains a text.
    pub async fn until_proxy_logs(&self, pod: &str, text: &str) {
        let contained = async || self.proxy_log(pod).contains(text).then_some(());
        eventually(&format!("{pod} logs: {text}"), CHANGE_TIMEOUT, contained).await;
    }

    /// Ends a case that has succeeded. Any other end prints the state of the namespace.
    pub fn finish(self) {
        self.is_finished.set(true);
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        if !self.is_finished.get() {
            self.show();
        }
        let _ = self.kubectl.try_run(&["delete", "namespace", &self.namespace, "--wait=false"]);
    }
}

impl Application {
    /// Prints the state of the namespace, for a failed case.
    fn show(&self) {
        let mut text = String::new();
        let namespace = self.namespace.as_str();
        for command in [
            &["get", "pods,wasmplugins", "-o", "wide"][..],
            &["get", "events"],
            &["logs", "-l", "app=shop", "-c", "istio-proxy", "--tail=60"],
        ] {
            let output = self.kubectl.try_run(&[command, &["-n", namespace]].concat());
            let _ = writeln!(text, "---- kubectl {}", command.join(" "));
            let _ = writeln!(text, "{}", output.unwrap_or_else(|error| error));
        }
        eprintln!("{text}");
    }
}
