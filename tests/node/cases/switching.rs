//! The two commands of the README, seen from every caller.

use std::time::{Duration, Instant};

use crate::application::{Application, DEFAULT, HEALTH_CHECK, assert_maintenance, is_application};
use crate::callers::{self, Caller};
use crate::cluster::Cluster;

/// How long maintenance lasts in the case, longer than a failing probe needs to
/// restart a container.
const DURATION: Duration = Duration::from_secs(60);

pub async fn every_caller_gets_503_and_probes_stay_green(cluster: &Cluster) {
    let application = Application::start(cluster, &DEFAULT).await;
    application.until_application_answers(&callers::ALL).await;

    application.apply("maintenance-mode");
    application.until_maintenance(&callers::ALL).await;
    let (received, probed) = (application.count("GET /").await, application.probed().await);
    let started = Instant::now();
    let mut calls = 0;
    while started.elapsed() < DURATION {
        for caller in callers::ALL {
            assert_maintenance(&application.get(caller, "/").await.expect("a reply"));
            calls += 1;
        }
        for pod in application.pods() {
            assert!(pod.is_ready && pod.restarts == 0, "{pod:?}");
        }
    }
    assert_eq!(application.count("GET /").await, received, "a request reached the application");
    let probes = application.probed().await - probed;
    // Two pods, two kinds of probe, one each second.
    assert!(probes > 60, "the kubelet's probes did not reach the application: {probes}");
    println!("{calls} calls in {DURATION:?} of maintenance got 503, {probes} probes got 200");
    for caller in callers::ALL {
        let reply = application.get(caller, HEALTH_CHECK).await.expect("a reply");
        assert!(is_application(&reply), "{caller:?}: {reply:?}");
    }
    for pod in application.pods() {
        application
            .until_proxy_logs(&pod.name, "maintenance is on: Retry-After 300 s, exempt paths 1")
            .await;
    }

    application.delete("maintenance-mode");
    application.until_application_answers(&callers::ALL).await;
    let reply = application.get(Caller::Node, "/").await.expect("a reply");
    assert!(is_application(&reply), "{reply:?}");
    application.finish();
}
