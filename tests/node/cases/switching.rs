//! Switching on the node, seen from every caller.

use std::time::{Duration, Instant};

use crate::application::{Application, DEFAULT};
use crate::callers::{self, Caller};
use crate::cluster::Cluster;
use crate::reply::{assert_maintenance, is_application};
use mesh::service::HEALTH_CHECK;

/// How long maintenance lasts, longer than a failing probe needs to restart a
/// container.
const DURATION: Duration = Duration::from_secs(60);
/// How long a proxy keeps connections that were open when a listener was replaced.
const DRAIN_TIME: Duration = Duration::from_secs(45);

/// The two commands of the README.
pub async fn maintenance_mode_is_applied_and_deleted(cluster: &Cluster) {
    let application = Application::start(cluster, &DEFAULT).await;
    application.until_application_answers(&callers::ALL).await;

    let applied = Instant::now();
    application.apply("maintenance-mode");
    application.until_maintenance(&callers::ALL).await;
    application.wait_until_proxies_are("on");
    let (received, probed) = (application.count("GET /").await, application.probed().await);
    let (mut calls, mut late) = (0, 0);
    while applied.elapsed() < DURATION {
        for caller in callers::ALL {
            let reply = application.get(caller, "/").await.expect("a reply");
            // Proxies keep connections open to the sidecars behind them. The sidecars
            // close each connection after one more reply of the application.
            let has_pool = matches!(caller, Caller::MeshedPod | Caller::Gateway);
            if has_pool && applied.elapsed() < DRAIN_TIME && is_application(&reply) {
                late += 1;
            } else {
                assert_maintenance(&reply);
            }
            calls += 1;
        }
        assert_pods_are_well(&application);
    }
    assert_eq!(application.count("GET /").await, received + late, "requests at the application");
    let answered_probes = application.probed().await - probed;
    // Two pods, two kinds of probe, one each second.
    assert!(answered_probes > 60, "the probes did not reach the application: {answered_probes}");
    println!(
        "maintenance-mode: {calls} calls in {DURATION:?}, {late} of them on connections that were open; {answered_probes} probes"
    );
    assert_health_check_passes(&application).await;
    for pod in application.pods() {
        application
            .until_proxy_logs(&pod.name, "maintenance is on: Retry-After 300 s, exempt paths 1")
            .await;
    }

    application.delete("maintenance-mode");
    application.until_application_answers(&callers::ALL).await;
    application.finish();
}

/// With the filter in the proxies before maintenance, no caller's connection escapes.
pub async fn standby_stops_every_caller_at_once(cluster: &Cluster) {
    let application = Application::start(cluster, &DEFAULT).await;
    application.apply("standby");
    application.wait_until_proxies_are("off");
    application.until_application_answers(&callers::ALL).await;

    let (code, text) = application.maintenance(&["on", "--retry-after", "300"]);
    assert_eq!(code, Some(0), "{text}");
    application.wait_until_proxies_are("on");
    let received = application.count("GET /").await;
    for _ in 0..10 {
        for caller in callers::ALL {
            assert_maintenance(&application.get(caller, "/").await.expect("a reply"));
        }
        assert_pods_are_well(&application);
    }
    assert_eq!(application.count("GET /").await, received, "a request reached the application");
    assert_health_check_passes(&application).await;

    let (code, text) = application.maintenance(&["off"]);
    assert_eq!(code, Some(0), "{text}");
    application.until_application_answers(&callers::ALL).await;
    application.finish();
}

async fn assert_health_check_passes(application: &Application) {
    for caller in callers::ALL {
        let reply = application.get(caller, HEALTH_CHECK).await.expect("a reply");
        assert!(is_application(&reply), "{caller:?}: {reply:?}");
    }
}

/// Asserts that every pod is ready and has never restarted.
#[track_caller]
pub fn assert_pods_are_well(application: &Application) {
    let pods = application.pods();
    assert!(!pods.is_empty(), "no pods");
    for pod in pods {
        assert!(pod.is_ready && pod.restarts == 0, "{pod:?}");
    }
}
