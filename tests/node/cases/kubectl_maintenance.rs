//! `kubectl maintenance` with pods: `kubectl exec` goes through the kubelet.

use serde_json::Value;

use crate::application::{Application, DEFAULT};
use crate::cluster::{Cluster, POD_TIMEOUT};
use harness::wait::eventually;

/// Pod without a sidecar, and a Job with one that completes.
const OTHERS: &str = r#"
apiVersion: v1
kind: Pod
metadata: {name: unprotected, labels: {sidecar.istio.io/inject: "false"}}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: app, image: localhost/app:1, imagePullPolicy: Never, args: [wait]}]
---
apiVersion: batch/v1
kind: Job
metadata: {name: migration}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: app, image: localhost/app:1, imagePullPolicy: Never, args: [exit]}]
"#;

pub async fn status_shows_every_pod(cluster: &Cluster) {
    let application = Application::start(cluster, &DEFAULT).await;
    let namespace = application.namespace.as_str();
    let kubectl = cluster.kubectl();
    let applied = kubectl.try_run_with_input(&["apply", "-n", namespace, "-f", "-"], OTHERS);
    applied.unwrap_or_else(|error| panic!("{error}"));
    // The sidecar of a Job is an init container that ends after the Job's own.
    kubectl.run(&[
        "wait",
        "--for=condition=Complete",
        "--timeout=90s",
        "job/migration",
        "-n",
        namespace,
    ]);
    kubectl.run(&[
        "wait",
        "--for=condition=Ready",
        "--timeout=90s",
        "pod/unprotected",
        "-n",
        namespace,
    ]);
    assert_eq!(states(&application), ["Absent", "Absent"]);

    application.apply("standby");
    let text = application.wait_until_proxies_are("off");
    assert!(
        text.contains("Not protected, because they have no container istio-proxy: unprotected"),
        "{text}"
    );
    assert!(!text.contains("migration"), "{text}");

    let (code, text) = application.maintenance(&["on", "--retry-after", "300"]);
    assert_eq!(code, Some(0), "{text}");
    let text = application.wait_until_proxies_are("on");
    assert!(text.contains("Maintenance is on in 2 of 2 proxies (2 On)."), "{text}");

    // A pod that starts meanwhile.
    kubectl.run(&["scale", "deployment/shop", "--replicas=3", "-n", namespace]);
    let created = async || (all_pods(&application) == 3).then_some(());
    eventually("the third pod exists", POD_TIMEOUT, created).await;
    let text = application.wait_until_proxies_are("on");
    assert!(text.contains("Maintenance is on in 3 of 3 proxies (3 On)."), "{text}");
    application.until_ready(3).await;

    let (code, text) = application.maintenance(&["off"]);
    assert_eq!(code, Some(0), "{text}");
    application.wait_until_proxies_are("off");
    assert_eq!(states(&application), ["Off", "Off", "Off"]);
    application.finish();
}

/// Number of pods of the application, those without an address included.
fn all_pods(application: &Application) -> usize {
    let namespace = application.namespace.as_str();
    let names = ["get", "pods", "-n", namespace, "-l", "app=shop", "-o", "name"];
    application.kubectl.run(&names).lines().count()
}

/// States that `status -o json` lists.
fn states(application: &Application) -> Vec<String> {
    let (_, text) = application.maintenance(&["status", "-o", "json"]);
    let value: Value = serde_json::from_str(&text).expect(&text);
    let proxies = value["proxies"].as_array().cloned().unwrap_or_default();
    proxies.iter().map(|proxy| proxy["state"].as_str().unwrap_or_default().into()).collect()
}
