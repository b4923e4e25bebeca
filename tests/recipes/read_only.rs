//! Read-only mode.

use futures_util::{SinkExt, StreamExt};
use harness::client::{Http, body, request, send};
use harness::upstream::BODY;
use tokio_tungstenite::tungstenite::Message;
use tonic::Code;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::manifest::{eventually_metric, start};

const WRITES: [&str; 5] = ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const PATHS: [&str; 4] = ["/", "/orders/1?full=1", "/a/../b//c%2Fd", "/load-balancer/health-check"];

#[tokio::test(flavor = "multi_thread")]
async fn reads_reach_the_application_and_writes_do_not() {
    let (envoy, upstream) = start("read-only").await;
    for http in [Http::One, Http::Two] {
        for path in PATHS {
            for method in WRITES {
                let answer = send(envoy.address(), http, request(method, path)).await;
                assert_eq!(answer.status, 503, "{method} {path}: {answer:?}");
                assert_eq!(answer.header("retry-after"), "300");
                assert!(answer.body.starts_with(br#"{"error":"read_only""#), "{answer:?}");
            }
        }
    }
    upstream.assert_untouched();
    // The harness's upstream cannot answer HEAD over HTTP/2.
    let reads = [(Http::One, "GET"), (Http::One, "HEAD"), (Http::Two, "GET")];
    for (http, method) in reads {
        for path in PATHS {
            let answer = send(envoy.address(), http, request(method, path)).await;
            assert_eq!(answer.status, 200, "{method} {path}: {answer:?}");
        }
    }
    assert_eq!(upstream.requests().len(), reads.len() * PATHS.len());
    eventually_metric(&envoy, "maintenance_rejected_requests_total", 40).await;
    eventually_metric(&envoy, "maintenance_exempted_requests_total", 12).await;
}

/// Limits of the recipe that its page names.
#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_is_a_read_and_grpc_and_graphql_are_writes() {
    let (envoy, upstream) = start("read-only").await;
    let endpoint = Endpoint::from_shared(format!("http://{}", envoy.address()));
    let channel = endpoint.expect("an address").connect().await.expect("a connection");
    let read = HealthCheckRequest { service: String::new() };
    let status = HealthClient::new(channel).check(read).await.expect_err("gRPC is rejected");
    assert_eq!(status.code(), Code::Unavailable);
    let mut query = request("POST", "/graphql");
    *query.body_mut() = body(r#"{"query":"{ orders { id } }"}"#);
    assert_eq!(send(envoy.address(), Http::Two, query).await.status, 503);
    upstream.assert_untouched();

    let url = format!("ws://{}/socket", envoy.address());
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.expect("an upgrade");
    socket.send(Message::text("write")).await.expect("the message sent");
    let echo = socket.next().await.expect("a message").expect("no error");
    assert_eq!(echo, Message::text("write"));
    assert_eq!(upstream.requests().len(), 1);
    assert_eq!(envoy.get("/").await.body, BODY);
}
