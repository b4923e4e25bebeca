//! Privacy: no request data reaches a log.

use harness::client::{body, request, send};
use harness::envoy::Envoy;

use crate::support::{OFF, ON, VERSIONS, start_switchable};

const SECRET: &str = "5f2c9e-not-for-a-log";
/// Lets requests through whose header `x-name` is [`SECRET`].
const BYPASS: &str = r#"{"enabled": true, "bypass": {"header": "x-name",
    "sha256": ["4831e57c1579d02db26c46f95904de809927c5672b74e7856ebd32bc96f7e564"]}}"#;
/// Entry of Envoy's trace log for a call into the plugin with a request's headers.
const REQUEST_CALLBACK: &str = "proxy_on_request_headers";
const HEADERS: [&str; 5] = ["authorization", "cookie", "x-name", "user-agent", "referer"];

/// Sends requests with a secret in path, query, headers and body.
///
/// Sets the log level of Wasm plugins to trace first. Otherwise Envoy would discard
/// the filter's messages below level info, and a leak in one would go unnoticed.
pub async fn send_secrets(envoy: &Envoy) {
    envoy.admin().set_log_level("wasm", "trace").await;
    for http in VERSIONS {
        for path in ["/", "/load-balancer/health-check", &format!("/{SECRET}/")] {
            for method in ["GET", "POST"] {
                let target = format!("{path}?token={SECRET}&{SECRET}");
                let mut request = request(method, &target).map(|_| body(SECRET));
                for name in HEADERS {
                    request.headers_mut().insert(name, SECRET.parse().expect("a value"));
                }
                let answer = send(envoy.address(), http, request).await;
                assert!([200, 503].contains(&answer.status));
            }
        }
    }
}

/// Asserts that the log covers the requests of [`send_secrets`] at every level and
/// contains none of their data.
#[track_caller]
pub fn assert_no_secret(log: &str) {
    assert!(log.contains("maintenance_mode"), "no access log of rejected requests: {log}");
    assert!(log.contains(REQUEST_CALLBACK), "no trace log of request callbacks: {log}");
    assert!(!log.contains(SECRET), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_data_reaches_the_log() {
    let (mut envoy, _upstream) = start_switchable(OFF).await;
    for configuration in [ON, BYPASS, OFF] {
        envoy.switch(configuration).await;
        send_secrets(&envoy).await;
    }
    envoy.publish_rejected(r#"{"enabled": true, "bad": 1}"#).await;
    send_secrets(&envoy).await;
    assert_no_secret(&envoy.stop());
}
