//! Nothing of a request is ever logged.

use std::net::SocketAddr;

use harness::client::{body, request, send};

use crate::support::{OFF, ON, VERSIONS, switchable};

const SECRET: &str = "5f2c9e-not-for-a-log";
const HEADERS: [&str; 5] = ["authorization", "cookie", "x-name", "user-agent", "referer"];

/// Sends requests of every kind with a secret in path, query, headers and body.
pub async fn send_secrets(address: SocketAddr) {
    for http in VERSIONS {
        for path in ["/", "/load-balancer/health-check", &format!("/{SECRET}/")] {
            for method in ["GET", "POST"] {
                let target = format!("{path}?token={SECRET}&{SECRET}");
                let mut request = request(method, &target).map(|_| body(SECRET));
                for name in HEADERS {
                    request.headers_mut().insert(name, SECRET.parse().expect("a value"));
                }
                let answer = send(address, http, request).await;
                assert!([200, 503].contains(&answer.status));
            }
        }
    }
}

/// Asserts that a log tells of the requests, and nothing of what was in them.
#[track_caller]
pub fn assert_no_secret(log: &str) {
    assert!(log.contains("maintenance_mode"), "an access log of rejected requests: {log}");
    assert!(!log.contains(SECRET), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_request_is_in_the_log() {
    let (mut envoy, _upstream) = switchable(OFF).await;
    for configuration in [ON, OFF] {
        envoy.switch(configuration).await;
        send_secrets(envoy.address()).await;
    }
    envoy.refuse(r#"{"enabled": true, "bad": 1}"#).await;
    send_secrets(envoy.address()).await;
    assert_no_secret(&envoy.stop());
}
