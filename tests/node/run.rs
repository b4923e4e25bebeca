//! `make run-node`: runs the node of the suite for manual exploration.

use std::fs;

use tokio::signal::unix::{SignalKind, signal};

use crate::application::{Application, DEFAULT};
use crate::callers::service;
use crate::cluster::Cluster;
use crate::namespaces::{ENVIRONMENT, SHELL};

/// Makes an application, prints instructions, and waits for Ctrl-C.
pub async fn until_interrupted(cluster: &Cluster) {
    let application = Application::start(cluster, &DEFAULT).await;
    print_instructions(cluster, &application);
    let mut interrupt = signal(SignalKind::interrupt()).expect("a signal handler");
    let mut terminate = signal(SignalKind::terminate()).expect("a signal handler");
    tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
    std::mem::forget(application);
}

fn print_instructions(cluster: &Cluster, application: &Application) {
    let folder = std::env::temp_dir();
    let path = [cluster.node.programs().istio().path(""), harness::repository().join("istio")]
        .map(|folder| folder.display().to_string())
        .join(":");
    let environment = format!(
        "export KUBECONFIG={} PATH={path}:$PATH\ncd {}\n",
        cluster.kubectl().kubeconfig().display(),
        application.shipped.root().display(),
    );
    fs::write(folder.join(ENVIRONMENT), environment).expect("the environment");
    let (shell, namespace) = (folder.join(SHELL), &application.namespace);
    let (address, gateway) =
        (application.address(), service(cluster.kubectl(), "ingress", "ingress"));
    println!(
        "
The application is in the namespace {namespace}. The node has a network of its own; in another terminal, as root:

  {shell}                                       a shell on the node, in a copy of this repository's manifests

  curl -i http://{address}/                           200, answered by the application
  curl -i -H 'host: {namespace}.example' http://{gateway}/    the same through the ingress gateway
  kubectl apply -n {namespace} -f istio/maintenance-mode        503 with Retry-After: 300
  kubectl get pods -n {namespace}                               all ready, none restarted
  kubectl maintenance status -n {namespace}
  kubectl logs -n {namespace} deploy/shop -c istio-proxy | grep maintenance
  kubectl delete -n {namespace} -f istio/maintenance-mode       200 again
  istioctl proxy-status -v 1

Ctrl-C stops everything.
",
        shell = shell.display(),
    );
}
