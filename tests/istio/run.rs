//! `make run-istio`: the stack of the suite, left running for a person.

use tokio::signal::unix::{SignalKind, signal};

use crate::mesh::Mesh;
use crate::service::Service;
use crate::tools::Tools;

/// Starts the stack, says what to try, and takes it down on Ctrl-C.
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
            explain(&mesh, &service);
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        }
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    println!("stopping");
}

fn explain(mesh: &Mesh, service: &Service) {
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
  curl -i http://{address}/                              the application answers
  kubectl apply -n {namespace} -f istio/maintenance-mode        from now on 503, with Retry-After: 300
  kubectl delete -n {namespace} -f istio/maintenance-mode       the application again

That folder has a copy of istio/ which names the registry of this stack. To look further:

  curl -s http://{status}/stats/prometheus | grep ^maintenance
  istioctl proxy-status -v 1 --insecure --xds-address {istiod}

Ctrl-C stops everything.
"
    );
}
