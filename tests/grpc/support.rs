//! Setup and assertions of this suite.

use std::time::Duration;

use harness::envoy::{Bootstrap, Envoy};
use harness::upstream::Upstream;
use harness::wait::eventually;
use tonic::Code;

use crate::call::{Call, Library, Options, Outcome};

/// Maintenance disabled.
pub const OFF: &str = r#"{"enabled": false}"#;
/// `Retry-After` of [`maintenance`].
pub const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Deadline for the plugin to report its counts, which it does every second.
const REPORT_TIMEOUT: Duration = Duration::from_secs(10);

/// Maintenance with [`RETRY_AFTER`] and this value of `response.grpcRetryPushback`.
pub fn maintenance(pushback: &str) -> String {
    let seconds = RETRY_AFTER.as_secs();
    format!(
        r#"{{"enabled": true, "retryAfterSeconds": {seconds},
            "response": {{"grpcRetryPushback": "{pushback}"}}}}"#
    )
}

/// Starts an upstream, and an Envoy with a plugin configuration that can be changed
/// in front of it.
pub async fn start(configuration: &str) -> (Envoy, Upstream) {
    let upstream = Upstream::start().await;
    let envoy = Envoy::start(&Bootstrap::watched(upstream.address(), configuration)).await;
    (envoy, upstream)
}

/// Makes a call during maintenance. Asserts that the proxy rejected every try, and
/// how many there were.
pub async fn rejected_call(
    library: Library,
    configuration: &str,
    options: &Options,
    tries: usize,
) -> Outcome {
    let (envoy, upstream) = start(configuration).await;
    let outcome = Call::start(library, &envoy, options).outcome().await;
    assert_eq!(outcome.tries.len(), tries, "{outcome:?}");
    upstream.assert_untouched();
    eventually_rejected(&envoy, tries).await;
    outcome
}

/// Asserts that the call failed with UNAVAILABLE, without a wait for `Retry-After`.
#[track_caller]
pub fn assert_unavailable_at_once(outcome: &Outcome) {
    assert_eq!(outcome.code, Code::Unavailable, "{outcome:?}");
    assert!(outcome.duration < RETRY_AFTER, "{outcome:?}");
}

/// Waits until the plugin reports that it rejected this number of requests.
pub async fn eventually_rejected(envoy: &Envoy, requests: usize) {
    let expected = u64::try_from(requests).expect("a small number");
    let counted = async || {
        let metric = envoy.admin().metric("maintenance_rejected_requests_total").await;
        (metric.unwrap_or_default() == expected).then_some(())
    };
    eventually(&format!("{requests} requests are rejected"), REPORT_TIMEOUT, counted).await;
}
