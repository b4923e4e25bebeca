//! Other settings of the mesh, together with maintenance.

use std::time::{Duration, Instant};

use harness::wait::eventually;
use serde_json::Value;

use crate::application::{Application, DEFAULT};
use crate::callers::{self, Caller};
use crate::cluster::{CHANGE_TIMEOUT, Cluster};

/// A proxy's counters are at most a second late. Twice that, for a busy machine.
const COUNTER_DELAY: Duration = Duration::from_secs(2);

/// An external authorization service that refuses a request does so in maintenance
/// too, because Istio puts it before every plugin.
pub async fn external_authorization_goes_before_maintenance(cluster: &Cluster) {
    let application = Application::start(cluster, &DEFAULT).await;
    application.until_application_answers(&[Caller::Node]).await;
    cluster.kubectl().apply(&format!(
        "{{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy,
  metadata: {{name: refuse, namespace: {}}},
  spec: {{action: CUSTOM, provider: {{name: {}}}, rules: [{{to: [{{operation: {{paths: [/refused]}}}}]}}]}}}}",
        application.namespace,
        callers::REFUSE,
    ));
    let refused = async || {
        let reply = application.get(Caller::Node, "/refused").await.ok()?;
        (reply.status == 403).then_some(())
    };
    eventually("the request is refused", CHANGE_TIMEOUT, refused).await;
    application.apply("maintenance-mode");
    application.wait_until_proxies_are("on");
    application.until_maintenance(&[Caller::Node]).await;
    for _ in 0..5 {
        let reply = application.get(Caller::Node, "/refused").await.expect("a reply");
        assert_eq!(reply.status, 403, "{reply:?}");
    }
    application.finish();
}

/// A retry policy that names `envoy-ratelimited` defeats the header that stops retries.
pub async fn a_retry_policy_for_rate_limits_retries(cluster: &Cluster) {
    let application = Application::start(cluster, &DEFAULT).await;
    let namespace = application.namespace.as_str();
    application.apply("standby");
    application.wait_until_proxies_are("off");
    let (code, text) = application.maintenance(&["on", "--retry-after", "300"]);
    assert_eq!(code, Some(0), "{text}");
    application.wait_until_proxies_are("on");
    application.until_maintenance(&[Caller::MeshedPod]).await;
    assert_eq!(calls_for_one(&application).await, 1);
    cluster.kubectl().apply(&format!(
        "{{apiVersion: networking.istio.io/v1, kind: VirtualService,
  metadata: {{name: retries, namespace: {namespace}}},
  spec: {{hosts: [shop], http: [{{route: [{{destination: {{host: shop}}}}],
    retries: {{attempts: 2, retryOn: envoy-ratelimited}}}}]}}}}"
    ));
    let retried = async || (calls_for_one(&application).await == 3).then_some(());
    eventually("each request is sent 3 times", CHANGE_TIMEOUT, retried).await;
    application.finish();
}

/// Sends one request from a pod with a sidecar. Returns how many were rejected.
async fn calls_for_one(application: &Application) -> u64 {
    let before = settled_count(application).await;
    let reply = application.get(Caller::MeshedPod, "/").await.expect("a reply");
    assert_eq!(reply.status, 503, "{reply:?}");
    settled_count(application).await - before
}

/// Number of rejected requests, once it has not changed for longer than the counters
/// may be late.
async fn settled_count(application: &Application) -> u64 {
    let (mut count, mut since) = (rejected(application), Instant::now());
    let settled = async || {
        let next = rejected(application);
        if next != count {
            (count, since) = (next, Instant::now());
        }
        (since.elapsed() > COUNTER_DELAY).then_some(count)
    };
    eventually("the count is stable", CHANGE_TIMEOUT, settled).await
}

/// Number of rejected requests in all proxies.
fn rejected(application: &Application) -> u64 {
    let (_, text) = application.maintenance(&["status", "-o", "json"]);
    let value: Value = serde_json::from_str(&text).expect(&text);
    let proxies = value["proxies"].as_array().cloned().unwrap_or_default();
    proxies.iter().filter_map(|proxy| proxy["rejectedRequests"].as_u64()).sum()
}
