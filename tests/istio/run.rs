//! `make run-istio`: runs the stack of the suite for manual exploration.

use tokio::signal::unix::{SignalKind, signal};

use mesh::Mesh;
use mesh::service::Service;
use mesh::tools::Tools;

/// Starts the stack, prints instructions, and stops the stack on Ctrl-C.
pub async fn until_interrupted(tools: &Tools) {
    let mut interrupt = signal(SignalKind::interrupt()).expect("a signal handler");
    let mut terminate = signal(SignalKind::terminate()).expect("a signal handler");
    let starting = async {
        let mesh = Mesh::start(tools).await;
        let service = Service::start(&mesh).await;
        (mesh, service)
    };
    println!("starting etcd, kube-apiserver, istiod, a registry, a service and its sidecar");
    tokio::select! {
        stack = starting => {
            let (mesh, service) = stack;
            print_instructions(&mesh, &service);
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        }
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    println!("stopping the stack");
}

fn print_instructions(mesh: &Mesh, service: &Service) {
    let kubeconfig = mesh.plane.kubectl().kubeconfig().display();
    let tools = mesh.plane.tools().path("");
    let (tools, folder) = (tools.display(), service.shipped.root().display());
    let (namespace, address) = (&service.namespace, service.address());
    let status = service.proxy().status();
    let istiod = mesh.plane.istiod().discovery_address();
    println!(
        "
The service is in the namespace {namespace} and answers on http://{address}/. In another terminal:

  export KUBECONFIG={kubeconfig} PATH={tools}:$PATH; cd {folder}
  curl -i http://{address}/                              200, answered by the application
  kubectl apply -n {namespace} -f istio/maintenance-mode        switches to 503 with Retry-After: 300
  kubectl delete -n {namespace} -f istio/maintenance-mode       switches back to the application

The folder has a copy of istio/ whose manifests name the registry of this stack. To inspect the stack:

  curl -s http://{status}/stats/prometheus | grep ^maintenance
  istioctl proxy-status -v 1 --insecure --xds-address {istiod}

Ctrl-C stops everything.
"
    );
}
