//! Shared constants, setup and assertions of this suite.

use harness::client::{Answer, Http};
use harness::envoy::{Bootstrap, Envoy};
use harness::load::AnswerKind;
use harness::upstream::{self, Upstream};

/// HTTP versions that the tests cover.
pub const VERSIONS: [Http; 2] = [Http::One, Http::Two];
/// Maintenance with the default settings: `Retry-After: 60`, health check exempt.
pub const ON: &str = r#"{"enabled": true}"#;
/// Maintenance disabled.
pub const OFF: &str = r#"{"enabled": false}"#;
/// Path that is exempt by default.
pub const HEALTH_CHECK: &str = "/load-balancer/health-check";
/// Default body of a maintenance reply.
pub const BODY: &str = r#"{"error":"maintenance","message":"The service is down for maintenance. Please retry later."}"#;

/// Starts an upstream, and an Envoy with one worker and a fixed plugin
/// configuration in front of it.
pub async fn start(configuration: &str) -> (Envoy, Upstream) {
    let upstream = Upstream::start().await;
    let envoy = Envoy::start(&Bootstrap::inline(upstream.address(), configuration)).await;
    (envoy, upstream)
}

/// Starts an upstream, and an Envoy with two workers and a plugin configuration
/// that can be changed in front of it.
pub async fn start_switchable(configuration: &str) -> (Envoy, Upstream) {
    let upstream = Upstream::start().await;
    let envoy = Envoy::start(&Bootstrap::watched(upstream.address(), configuration)).await;
    (envoy, upstream)
}

/// Asserts that the response is the application's.
#[track_caller]
pub fn assert_application(answer: &Answer) {
    assert_eq!(classify(answer), Some(AnswerKind::Application), "{answer:?}");
}

/// Asserts that the response is the default maintenance reply.
#[track_caller]
pub fn assert_maintenance(answer: &Answer) {
    assert_eq!(classify(answer), Some(AnswerKind::Maintenance), "{answer:?}");
}

/// Classifies the complete response to a request other than HEAD. Returns `None`
/// for a response that neither the application nor the proxy should send.
pub fn classify(answer: &Answer) -> Option<AnswerKind> {
    let length = answer.header("content-length");
    let header = |name| answer.header(name);
    match answer.status {
        200 if answer.body == upstream::BODY && header("retry-after").is_empty() => {
            Some(AnswerKind::Application)
        }
        503 if answer.body == BODY
            && length == BODY.len().to_string()
            && header("retry-after") == "60"
            && header("content-type") == "application/json"
            && header("cache-control") == "no-store" =>
        {
            Some(AnswerKind::Maintenance)
        }
        _ => None,
    }
}
