//! Requests other than plain HTTP exchanges: gRPC, WebSocket, CONNECT and large
//! uploads.

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use harness::client::{Http, request, send, send_raw};
use harness::envoy::Envoy;
use harness::upstream::repeated_body;
use http_body_util::BodyExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use tonic::Code;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::raw::{assert_maintenance_head, head};
use crate::support::{OFF, ON, assert_maintenance, start};

const MEBIBYTE: usize = 1 << 20;
/// Request head of a 50 MiB upload.
const UPLOAD_HEAD: &str =
    "POST /upload HTTP/1.1\r\nhost: service.example\r\ncontent-length: 52428800\r\n\r\n";

/// Calls the gRPC health service through Envoy.
async fn check_grpc_health(envoy: &Envoy) -> Result<(), tonic::Status> {
    call_grpc(envoy, None).await
}

/// Calls the gRPC health service through Envoy with one more header.
pub async fn call_grpc(
    envoy: &Envoy,
    header: Option<(&'static str, &str)>,
) -> Result<(), tonic::Status> {
    let endpoint =
        Endpoint::from_shared(format!("http://{}", envoy.address())).expect("an address");
    let channel = endpoint.connect().await.expect("a connection");
    let mut request = tonic::Request::new(HealthCheckRequest { service: String::new() });
    if let Some((name, value)) = header {
        request.metadata_mut().insert(name, value.parse().expect("a value"));
    }
    HealthClient::new(channel).check(request).await.map(|_| ())
}

/// Opens a WebSocket through Envoy, sends a message, and asserts that it comes back.
pub async fn assert_websocket_works(envoy: &Envoy) {
    let url = format!("ws://{}/socket", envoy.address());
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.expect("an upgrade");
    socket.send(Message::text("ping")).await.expect("the message sent");
    let echo = socket.next().await.expect("a message").expect("no error");
    assert_eq!(echo, Message::text("ping"));
}

#[tokio::test(flavor = "multi_thread")]
async fn grpc_gets_unavailable_with_retry_after() {
    let (envoy, upstream) = start(ON).await;
    let status = check_grpc_health(&envoy).await.expect_err("the call fails during maintenance");
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.message(), crate::support::BODY);
    assert_eq!(status.metadata().get("retry-after").expect("a retry-after header"), "60");
    upstream.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn grpc_is_told_when_to_try_again() {
    for (pushback, expected) in
        [("None", None), ("Never", Some("-1")), ("RetryAfter", Some("60000"))]
    {
        let configuration =
            format!(r#"{{"enabled": true, "response": {{"grpcRetryPushback": "{pushback}"}}}}"#);
        let (envoy, upstream) = start(&configuration).await;
        let status = check_grpc_health(&envoy).await.expect_err("the call fails");
        assert_eq!(status.code(), Code::Unavailable);
        let sent = status.metadata().get("grpc-retry-pushback-ms");
        assert_eq!(sent.and_then(|value| value.to_str().ok()), expected);
        let answer = envoy.get("/").await;
        assert_eq!(answer.header("grpc-retry-pushback-ms"), "", "not a gRPC request");
        upstream.assert_untouched();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn grpc_passes_while_disabled() {
    let (envoy, upstream) = start(OFF).await;
    check_grpc_health(&envoy).await.expect("a response of the application");
    assert_eq!(upstream.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_is_not_opened() {
    let (envoy, upstream) = start(ON).await;
    let url = format!("ws://{}/socket", envoy.address());
    let Err(Error::Http(response)) = tokio_tungstenite::connect_async(url).await else {
        panic!("the upgrade was not rejected with an HTTP response");
    };
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "60");
    upstream.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_passes_while_disabled() {
    let (envoy, _upstream) = start(OFF).await;
    assert_websocket_works(&envoy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connect_is_rejected() {
    let (envoy, upstream) = start(ON).await;
    let connect = b"CONNECT service.example:443 HTTP/1.1\r\nhost: service.example:443\r\n\r\n";
    let mut stream = TcpStream::connect(envoy.address()).await.expect("a connection");
    stream.write_all(connect).await.expect("the request sent");
    assert_maintenance_head(&head(&mut stream).await);
    upstream.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_a_path_is_rejected_over_http2() {
    let (envoy, upstream) = start(ON).await;
    let connect = hyper::Request::connect("service.example:443")
        .body(http_body_util::Empty::new().boxed_unsync())
        .expect("a request");
    let answer = send(envoy.address(), Http::Two, connect).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "60"));
    upstream.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_answered_before_it_is_read() {
    let (envoy, upstream) = start(ON).await;
    let mut stream = TcpStream::connect(envoy.address()).await.expect("a connection");
    // The body is never sent.
    stream.write_all(UPLOAD_HEAD.as_bytes()).await.expect("the head sent");
    let head = head(&mut stream).await;
    assert_maintenance_head(&head);
    assert!(head.contains("\r\nconnection: close\r\n"), "{head}");
    upstream.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_of_50_mebibytes_never_reaches_the_application() {
    let (envoy, upstream) = start(ON).await;
    let body = vec![b'x'; 50 * MEBIBYTE];
    let (mut reading, mut writing) =
        TcpStream::connect(envoy.address()).await.expect("a connection").into_split();
    let sending = tokio::spawn(async move {
        // The proxy may close the connection before the whole body is sent.
        let _ = writing.write_all(UPLOAD_HEAD.as_bytes()).await;
        let _ = writing.write_all(&body).await;
    });
    assert_maintenance_head(&head(&mut reading).await);
    drop(reading);
    sending.await.expect("the upload ends");
    upstream.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_over_http2_never_reaches_the_application() {
    let (envoy, upstream) = start(ON).await;
    let chunk = Bytes::from(vec![b'x'; MEBIBYTE]);
    let upload = request("POST", "/upload").map(|_| repeated_body(chunk, 50).boxed_unsync());
    assert_maintenance(&send(envoy.address(), Http::Two, upload).await);
    upstream.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_passes_in_full_while_disabled() {
    let (envoy, upstream) = start(OFF).await;
    let chunk = Bytes::from(vec![b'x'; MEBIBYTE]);
    let upload = request("POST", "/upload").map(|_| repeated_body(chunk, 50).boxed_unsync());
    assert_eq!(send(envoy.address(), Http::Two, upload).await.status, 200);
    assert_eq!(upstream.body_bytes(), 50 * MEBIBYTE);
}

#[tokio::test(flavor = "multi_thread")]
async fn expect_continue_is_answered_with_the_rejection() {
    let (envoy, upstream) = start(ON).await;
    let request = b"POST /upload HTTP/1.1\r\nhost: service.example\r\nconnection: close\r\n\
        expect: 100-continue\r\ncontent-length: 10\r\n\r\n";
    let answer = send_raw(envoy.address(), request).await;
    let answer = String::from_utf8_lossy(&answer);
    // Envoy sends `100 Continue` before it runs any HTTP filter.
    let (_, answer) =
        answer.split_once("HTTP/1.1 100 Continue\r\n\r\n").expect("an interim response");
    assert_maintenance_head(answer);
    upstream.assert_untouched();
}
