//! What happens to pods during maintenance. No request may reach the application.

use std::fs;

use harness::wait::eventually;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::application::{Application, DEFAULT};
use crate::callers::Caller;
use crate::cluster::{CHANGE_TIMEOUT, Cluster, POD_TIMEOUT};
use crate::pod::Pod;
use crate::watch::{Replies, Watch};

pub async fn a_rollout_and_a_new_scale_let_nothing_through(cluster: &Cluster) {
    let application = in_maintenance(cluster).await;
    let namespace = application.namespace.as_str();
    let watch = Watch::start(application.address());
    let kubectl = cluster.kubectl();
    kubectl.run(&["rollout", "restart", "deployment/shop", "-n", namespace]);
    kubectl.run(&["rollout", "status", "deployment/shop", "--timeout=120s", "-n", namespace]);
    kubectl.run(&["scale", "deployment/shop", "--replicas=4", "-n", namespace]);
    application.until_ready(4).await;
    kubectl.run(&["scale", "deployment/shop", "--replicas=1", "-n", namespace]);
    application.until_ready(1).await;
    report("rollout restart, scale to 4 and to 1", &watch.stop().await);
    until_application_is_back(application).await;
}

pub async fn a_deleted_and_an_evicted_pod_let_nothing_through(cluster: &Cluster) {
    let application = in_maintenance(cluster).await;
    let namespace = application.namespace.as_str();
    let watch = Watch::start(application.address());
    let kubectl = cluster.kubectl();
    let deleted = application.pods().remove(0).name;
    kubectl.run(&["delete", "pod", &deleted, "-n", namespace]);
    application.until_ready(2).await;
    let evicted = application.pods().remove(0).name;
    let eviction = json!({
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": evicted, "namespace": namespace},
    });
    let path = format!("/api/v1/namespaces/{namespace}/pods/{evicted}/eviction");
    let create = ["create", "--raw", &path, "-f", "-"];
    kubectl.try_run_with_input(&create, &eviction.to_string()).expect("an eviction");
    let replaced = async || {
        let is_gone = |pod: &Pod| pod.name != deleted && pod.name != evicted;
        application.pods().iter().all(is_gone).then_some(())
    };
    eventually("both pods are gone", POD_TIMEOUT, replaced).await;
    application.until_ready(2).await;
    report("a pod deleted, a pod evicted", &watch.stop().await);
    until_application_is_back(application).await;
}

/// The kubelet restarts a sidecar whose agent has ended.
pub async fn a_killed_agent_lets_nothing_through(cluster: &Cluster) {
    let application = in_maintenance(cluster).await;
    let pod = application.pods().remove(0);
    let watch = Watch::start(application.address());
    kill(agent_of(&pod.name), Signal::SIGKILL).expect("the agent is killed");
    let restarted = async || {
        let restarts =
            "jsonpath={.status.initContainerStatuses[?(@.name==\"istio-proxy\")].restartCount}";
        let get = ["get", "pod", &pod.name, "-n", &application.namespace, "-o", restarts];
        (cluster.kubectl().run(&get) == "1").then_some(())
    };
    eventually("the sidecar is restarted", POD_TIMEOUT, restarted).await;
    application.until_ready(2).await;
    application.wait_until_proxies_are("on");
    report("an agent killed", &watch.stop().await);
    until_application_is_back(application).await;
}

/// A pod that starts while its proxy cannot pull the module is closed.
pub async fn without_the_registry_a_new_pod_is_closed(cluster: &Cluster) {
    let application = in_maintenance(cluster).await;
    let mut registry = cluster.registry.lock().await;
    registry.stop();
    let kubectl = cluster.kubectl();
    kubectl.run(&["rollout", "restart", "deployment/shop", "-n", &application.namespace]);
    let watch = Watch::start(application.address());
    let rollout = ["rollout", "status", "deployment/shop", "--timeout=120s", "-n"];
    kubectl.run(&[&rollout[..], &[application.namespace.as_str()]].concat());
    application.until_ready(2).await;
    let replies = watch.stop().await;
    assert_eq!(replies.application, 0, "{replies:?}");
    let is_closed = |reply: &String| reply.contains("status: 403");
    assert!(
        !replies.other.is_empty() && replies.other.iter().all(is_closed),
        "{:?}",
        replies.other
    );
    for caller in [Caller::Node, Caller::MeshedPod] {
        let reply = application.get(caller, "/").await.expect("a reply");
        assert_eq!(reply.status, 403, "{caller:?}: {reply:?}");
    }
    assert_eq!(application.count("GET /").await, 0);

    registry.restart().await;
    application.shipped.edit(
        "maintenance-mode",
        "retryAfterSeconds: 300",
        "retryAfterSeconds: 301",
    );
    application.apply("maintenance-mode");
    let answered = async || {
        let reply = application.get(Caller::Node, "/").await.ok()?;
        (reply.header("retry-after") == "301").then_some(())
    };
    eventually("the registry is back and the plugin has changed", CHANGE_TIMEOUT, answered).await;
    until_application_is_back(application).await;
}

/// Application of two pods that are in maintenance. No request has reached them.
async fn in_maintenance(cluster: &Cluster) -> Application {
    let application = Application::start(cluster, &DEFAULT).await;
    application.apply("maintenance-mode");
    application.wait_until_proxies_are("on");
    application.until_maintenance(&[Caller::Node]).await;
    application
}

/// Ends the maintenance and the case.
async fn until_application_is_back(application: Application) {
    assert_eq!(application.count("GET /").await, 0, "requests reached the application");
    application.delete("maintenance-mode");
    application.until_application_answers(&[Caller::Node, Caller::MeshedPod]).await;
    application.finish();
}

#[track_caller]
fn report(what: &str, replies: &Replies) {
    assert_eq!(replies.application, 0, "{replies:?}");
    assert!(replies.other.is_empty(), "{:?}", replies.other);
    println!("{what}: {} replies 503, {} requests failed", replies.maintenance, replies.failed);
}

/// Process of the agent in a pod.
fn agent_of(pod: &str) -> Pid {
    let variable = format!("POD_NAME={pod}");
    let is_agent = |process: &str| {
        let file = |name: &str| fs::read(format!("/proc/{process}/{name}")).unwrap_or_default();
        file("cmdline").starts_with(b"/usr/local/bin/pilot-agent\0proxy")
            && file("environ").split(|byte| *byte == 0).any(|entry| entry == variable.as_bytes())
    };
    let entries = fs::read_dir("/proc").expect("/proc").flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let id = names.filter_map(|name| name.parse::<i32>().ok()).find(|id| is_agent(&id.to_string()));
    Pid::from_raw(id.expect("an agent"))
}
