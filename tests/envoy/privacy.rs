//! Nothing of a request is ever logged.

use harness::client::{body, request, send};

use crate::support::{OFF, ON, VERSIONS, switchable};

const SECRET: &str = "5f2c9e-not-for-a-log";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_request_is_in_the_log() {
    let (mut envoy, _upstream) = switchable(OFF).await;
    for configuration in [ON, OFF, r#"{"enabled": true, "bad": 1}"#, ON] {
        if configuration.contains("bad") {
            envoy.refuse(configuration).await;
        } else {
            envoy.switch(configuration).await;
        }
        for http in VERSIONS {
            for path in ["/", "/load-balancer/health-check"] {
                for method in ["GET", "POST"] {
                    let target = format!("{path}?token={SECRET}&{SECRET}");
                    let mut request = request(method, &target).map(|_| body(SECRET));
                    for name in ["authorization", "cookie", "x-name", "user-agent", "referer"] {
                        request.headers_mut().insert(name, SECRET.parse().expect("a value"));
                    }
                    let answer = send(envoy.address(), http, request).await;
                    assert!([200, 503].contains(&answer.status));
                    let path = format!("/{SECRET}/{SECRET}");
                    send(envoy.address(), http, harness::client::request(method, &path)).await;
                }
            }
        }
    }
    let log = envoy.stop();
    assert!(log.contains("maintenance_mode"), "the log is the one that tells of requests");
    assert!(!log.contains(SECRET), "{log}");
}
