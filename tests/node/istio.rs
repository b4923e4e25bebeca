//! Istio on the node, as `istioctl install` sets it up.

use std::fs;
use std::process::Command;

use crate::callers::REFUSE;
use crate::images;
use crate::namespaces::run;
use crate::node::Node;

/// Installs Istio and waits until istiod is ready.
pub async fn install(node: &Node) {
    let file = node.folder().join("istio.yaml");
    fs::write(&file, operator()).expect("the configuration");
    let mut command = Command::new(node.programs().istio().path("istioctl"));
    command
        .args(["install", "--skip-confirmation", "--readiness-timeout", "120s", "-f"])
        .arg(file)
        .env("KUBECONFIG", node.kubectl().kubeconfig());
    let installed = tokio::task::spawn_blocking(move || run(&mut command)).await;
    installed.expect("no panic").unwrap_or_else(|error| panic!("{error}"));
}

/// Configuration of the installation. The images are local, there is no TLS at the
/// registry, and stock Envoy lacks the filters that two settings turn off.
fn operator() -> String {
    let (hub, tag, refuse) = (images::HUB, images::TAG, REFUSE);
    format!(
        r#"apiVersion: install.istio.io/v1alpha1
kind: IstioOperator
spec:
  profile: minimal
  hub: {hub}
  tag: "{tag}"
  meshConfig:
    accessLogFile: /dev/stdout
    extensionProviders:
    - name: {refuse}
      envoyExtAuthzHttp:
        service: {refuse}.callers.svc.cluster.local
        port: 8080
        pathPrefix: /refuse
    defaultConfig:
      proxyMetadata:
        WASM_INSECURE_REGISTRIES: "*"
  values:
    telemetry: {{enabled: false}}
    global:
      imagePullPolicy: Never
      proxy:
        resources:
          requests: {{cpu: 10m, memory: 64Mi}}
          limits: {{cpu: "2", memory: 1Gi}}
    pilot:
      autoscaleEnabled: false
      resources:
        requests: {{cpu: 10m, memory: 128Mi}}
      env:
        PILOT_ENABLE_METADATA_EXCHANGE: "false"
        PILOT_ENABLE_ALPN_FILTER: "false"
"#
    )
}
