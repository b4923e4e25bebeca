//! The module from a `ConfigMap`, for a cluster without a registry.

use std::fs;

use crate::application::{Application, DEFAULT};
use crate::callers::{self, Caller};
use crate::cluster::{CHANGE_TIMEOUT, Cluster};
use crate::reply::{assert_maintenance, is_application};
use harness::wait::eventually;
use mesh::service::HEALTH_CHECK;

const URL: &str = "file:///etc/maintenance-filter/plugin.wasm";
/// Gateway with the `ConfigMap`, as in `docs/istio/registries.md`. The Gateway of the
/// namespace `ingress` selects its pods, too.
const GATEWAY: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: gate, namespace: NAMESPACE}
spec:
  selector: {matchLabels: {istio: ingressgateway}}
  template:
    metadata:
      labels: {istio: ingressgateway}
      annotations: {inject.istio.io/templates: gateway}
    spec:
      containers:
      - name: istio-proxy
        image: auto
        imagePullPolicy: Never
        volumeMounts: [{name: maintenance-filter, mountPath: /etc/maintenance-filter, readOnly: true}]
      volumes: [{name: maintenance-filter, configMap: {name: maintenance-filter, optional: true}}]
---
apiVersion: v1
kind: Service
metadata: {name: gate, namespace: NAMESPACE}
spec:
  selector: {istio: ingressgateway}
  ports: [{name: http, port: 80, targetPort: 8080}]
";
/// Size limit of a `ConfigMap`.
const MAX_CONFIG_MAP_BYTES: u64 = 1 << 20;

pub async fn the_module_comes_from_a_config_map(cluster: &Cluster) {
    let module = harness::plugin_wasm();
    let size = fs::metadata(&module).expect("the module").len();
    assert!(size < MAX_CONFIG_MAP_BYTES, "the module has {size} bytes");
    let mut application = Application::start(cluster, &DEFAULT).await;
    application.set_image(URL);
    create_config_map(&application);
    patch_pods(&application).await;

    application.apply("standby");
    application.wait_until_proxies_are("off");
    let (code, text) = application.maintenance(&["on", "--retry-after", "300"]);
    assert_eq!(code, Some(0), "{text}");
    application.wait_until_proxies_are("on");
    application.until_maintenance(&callers::ALL).await;
    application.delete("standby");
    application.until_application_answers(&callers::ALL).await;

    application.apply("maintenance-mode");
    application.until_maintenance(&callers::ALL).await;
    application.delete("maintenance-mode");
    application.until_application_answers(&callers::ALL).await;
    application.finish();
}

/// The Deployment of a gateway mounts the `ConfigMap` itself.
pub async fn a_gateway_reads_the_module_from_a_config_map(cluster: &Cluster) {
    let mut application = Application::start(cluster, &DEFAULT).await;
    application.set_image(URL);
    create_config_map(&application);
    let namespace = application.namespace.as_str();
    application.kubectl.apply(&GATEWAY.replace("NAMESPACE", namespace));
    application.kubectl.run(&[
        "rollout",
        "status",
        "deployment/gate",
        "--timeout=120s",
        "-n",
        namespace,
    ]);
    let (gateway, host) =
        (callers::service(&application.kubectl, namespace, "gate"), format!("{namespace}.example"));
    let until = async |path: &str, status| {
        let answered = async || {
            let reply = callers::send(gateway, &host, "GET", path).await.ok()?;
            (reply.status == status).then_some(reply)
        };
        eventually(&format!("{path} gets {status} through the gateway"), CHANGE_TIMEOUT, answered)
            .await
    };

    assert!(is_application(&until("/", 200).await));
    application.apply("gateway");
    assert_maintenance(&until("/", 503).await);
    assert!(is_application(&until(HEALTH_CHECK, 200).await));
    application.until_application_answers(&[Caller::Node]).await;
    application.delete("gateway");
    assert!(is_application(&until("/", 200).await));
    application.finish();
}

/// Pods start without the `ConfigMap`. The proxies refuse a plugin whose file is
/// missing, and reply 500.
pub async fn without_the_config_map_every_request_gets_500(cluster: &Cluster) {
    let mut application = Application::start(cluster, &DEFAULT).await;
    application.set_image(URL);
    patch_pods(&application).await;
    application.until_application_answers(&[Caller::Node]).await;
    application.apply("standby");
    until_closed(&application).await;
    application.delete("standby");
    application.until_application_answers(&[Caller::Node]).await;
    application.apply("maintenance-mode");
    until_closed(&application).await;

    // New pods have the file.
    create_config_map(&application);
    let namespace = application.namespace.as_str();
    application.kubectl.run(&["rollout", "restart", "deployment/shop", "-n", namespace]);
    until_rolled_out(&application).await;
    application.until_maintenance(&callers::ALL).await;
    assert_eq!(application.count("GET /").await, 0, "a request reached the application");
    application.finish();
}

/// Waits until every request gets 500, the load balancer's health check included.
async fn until_closed(application: &Application) {
    for path in ["/", HEALTH_CHECK] {
        let refused = async || {
            let reply = application.get(Caller::Node, path).await.ok()?;
            (reply.status != 200).then_some(reply)
        };
        let reply = eventually("the change is in force", CHANGE_TIMEOUT, refused).await;
        assert_eq!(reply.status, 500, "{reply:?}");
    }
}

/// Makes the `ConfigMap` with the command of `pods.patch`.
fn create_config_map(application: &Application) {
    let file = format!("--from-file=plugin.wasm={}", harness::plugin_wasm().display());
    let create = ["create", "configmap", "maintenance-filter", "-n", &application.namespace, &file];
    application.kubectl.run(&create);
}

/// Applies the shipped patch and waits until the pods are replaced.
async fn patch_pods(application: &Application) {
    let namespace = application.namespace.as_str();
    let patch = format!("{}/pods.patch", application.shipped.folder("without-registry"));
    let command = ["patch", "deployment", "shop", "-n", namespace, "--patch-file", &patch];
    application.kubectl.run(&command);
    until_rolled_out(application).await;
}

async fn until_rolled_out(application: &Application) {
    let namespace = application.namespace.as_str();
    let rollout = ["rollout", "status", "deployment/shop", "--timeout=120s", "-n", namespace];
    application.kubectl.run(&rollout);
    application.until_ready(2).await;
}
