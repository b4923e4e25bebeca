//! Probes of the kubelet during maintenance.
//!
//! Istio sends HTTP, gRPC and TCP probes to the agent, which asks the application
//! itself. With the annotation `rewriteAppHTTPProbers: "false"` the kubelet's probes
//! pass the filter.

use std::time::{Duration, Instant};

use harness::wait::eventually;

use super::switching::assert_pods_are_well;
use crate::application::{Application, DEFAULT, Settings};
use crate::callers::Caller;
use crate::cluster::{Cluster, POD_TIMEOUT};

const NOT_REWRITTEN: &str = r#"sidecar.istio.io/rewriteAppHTTPProbers: "false""#;
const OTHER_PROBES: &str = "
        startupProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
        readinessProbe: {exec: {command: [/app, probe]}, periodSeconds: 1}
        livenessProbe: {grpc: {port: 8080}, periodSeconds: 1}
";
/// Longer than three failed probes and a restart.
const DURATION: Duration = Duration::from_secs(20);

pub async fn probes_that_are_not_rewritten_end_in_a_crash_loop(cluster: &Cluster) {
    let settings = Settings { annotations: NOT_REWRITTEN, ..DEFAULT };
    let application = Application::start(cluster, &settings).await;
    application.apply("maintenance-mode");
    let crashed = async || {
        application
            .pods()
            .iter()
            .all(|pod| pod.waiting == "CrashLoopBackOff" && !pod.is_ready)
            .then_some(())
    };
    eventually("the application is in CrashLoopBackOff", POD_TIMEOUT, crashed).await;
    application.delete("maintenance-mode");
    application.until_ready(2).await;
    application.until_application_answers(&[Caller::Node]).await;
    application.finish();
}

pub async fn an_exemption_keeps_probes_that_are_not_rewritten(cluster: &Cluster) {
    let settings = Settings { annotations: NOT_REWRITTEN, ..DEFAULT };
    let application = Application::start(cluster, &settings).await;
    exempt(&application, &["path: /startup", "path: /ready", "path: /live"]);
    application.apply("maintenance-mode");
    assert_probes_stay_green(&application).await;
    application.finish();
}

pub async fn tcp_exec_and_grpc_probes_stay_green(cluster: &Cluster) {
    let settings = Settings { probes: OTHER_PROBES, ..DEFAULT };
    let application = Application::start(cluster, &settings).await;
    application.apply("maintenance-mode");
    assert_probes_stay_green(&application).await;
    application.finish();
}

pub async fn an_exemption_keeps_grpc_probes_that_are_not_rewritten(cluster: &Cluster) {
    let settings =
        Settings { probes: OTHER_PROBES, annotations: NOT_REWRITTEN, port: "grpc", ..DEFAULT };
    let application = Application::start(cluster, &settings).await;
    exempt(&application, &["path: /grpc.health.v1.Health/Check, methods: [POST]"]);
    application.apply("maintenance-mode");
    assert_probes_stay_green(&application).await;
    application.finish();
}

/// Adds exemptions to the manifest of `maintenance-mode/`.
fn exempt(application: &Application, paths: &[&str]) {
    let list: Vec<String> = paths.iter().map(|path| format!("{{{path}}}")).collect();
    let exemptions = format!(
        "retryAfterSeconds: 300\n    exemptions: [{{path: /load-balancer/health-check}}, {}]",
        list.join(", ")
    );
    application.shipped.edit("maintenance-mode", "retryAfterSeconds: 300", &exemptions);
}

/// Asserts that callers get 503, that the pods stay ready, and that the application
/// is back after the maintenance.
async fn assert_probes_stay_green(application: &Application) {
    application.until_maintenance(&[Caller::Node]).await;
    application.wait_until_proxies_are("on");
    let started = Instant::now();
    while started.elapsed() < DURATION {
        application.until_maintenance(&[Caller::Node, Caller::PlainPod]).await;
        assert_pods_are_well(application);
    }
    application.delete("maintenance-mode");
    application.until_application_answers(&[Caller::Node]).await;
}
