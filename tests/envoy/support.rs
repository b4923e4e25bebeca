//! What the tests of this suite have in common.

use harness::client::{Answer, Http};
use harness::envoy::{Bootstrap, Envoy};
use harness::load::Verdict;
use harness::upstream::{self, Upstream};

/// The versions of HTTP that every promise holds for.
pub const VERSIONS: [Http; 2] = [Http::One, Http::Two];
/// Maintenance as it comes: `Retry-After: 60`, the health check exempt.
pub const ON: &str = r#"{"enabled": true}"#;
/// No maintenance.
pub const OFF: &str = r#"{"enabled": false}"#;
/// The path that is exempt as it comes.
pub const HEALTH: &str = "/load-balancer/health-check";
/// The body of a 503 as it comes.
pub const BODY: &str = r#"{"error":"maintenance","message":"The service is down for maintenance. Please retry later."}"#;

/// An Envoy with this plugin configuration in front of a counting upstream.
pub async fn with(configuration: &str) -> (Envoy, Upstream) {
    let upstream = Upstream::start().await;
    let envoy = Envoy::start(&Bootstrap::inline(upstream.address(), configuration)).await;
    (envoy, upstream)
}

/// The same, with a configuration that can be switched, in two workers.
pub async fn switchable(configuration: &str) -> (Envoy, Upstream) {
    let upstream = Upstream::start().await;
    let envoy = Envoy::start(&Bootstrap::watched(upstream.address(), configuration)).await;
    (envoy, upstream)
}

/// Asserts that the application answered.
pub fn assert_application(answer: &Answer) {
    assert_eq!(judge(answer), Some(Verdict::Application), "{answer:?}");
}

/// Asserts that the proxy answered that the service is in maintenance.
pub fn assert_maintenance(answer: &Answer) {
    assert_eq!(judge(answer), Some(Verdict::Maintenance), "{answer:?}");
}

/// Who sent a whole answer to a GET; `None` for any that neither would send.
pub fn judge(answer: &Answer) -> Option<Verdict> {
    let length = answer.header("content-length");
    let header = |name| answer.header(name);
    match answer.status {
        200 if answer.body == upstream::BODY && header("retry-after").is_empty() => {
            Some(Verdict::Application)
        }
        503 if answer.body == BODY
            && length == BODY.len().to_string()
            && header("retry-after") == "60"
            && header("content-type") == "application/json"
            && header("cache-control") == "no-store" =>
        {
            Some(Verdict::Maintenance)
        }
        _ => None,
    }
}
