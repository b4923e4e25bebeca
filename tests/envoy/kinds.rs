//! gRPC, WebSocket, CONNECT and large uploads: what is not a plain request.

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use harness::client::{Http, raw, request, send};
use harness::envoy::Envoy;
use harness::upstream;
use http_body_util::BodyExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use tonic::Code;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::raw::{assert_maintenance_head, head};
use crate::support::{OFF, ON, assert_maintenance, with};

const MEBIBYTE: usize = 1 << 20;
/// The head of an upload of 50 MiB.
const UPLOAD: &str =
    "POST /upload HTTP/1.1\r\nhost: service.example\r\ncontent-length: 52428800\r\n\r\n";

async fn grpc(envoy: &Envoy) -> Result<(), tonic::Status> {
    let endpoint =
        Endpoint::from_shared(format!("http://{}", envoy.address())).expect("an address");
    let channel = endpoint.connect().await.expect("a connection");
    let request = HealthCheckRequest { service: String::new() };
    HealthClient::new(channel).check(request).await.map(|_| ())
}

#[tokio::test(flavor = "multi_thread")]
async fn grpc_gets_unavailable_with_retry_after() {
    let (envoy, upstream) = with(ON).await;
    let status = grpc(&envoy).await.expect_err("maintenance");
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.message(), crate::support::BODY);
    assert_eq!(status.metadata().get("retry-after").expect("the header"), "60");
    assert_eq!(upstream.requests(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn grpc_passes_while_disabled() {
    let (envoy, upstream) = with(OFF).await;
    grpc(&envoy).await.expect("the application's answer");
    assert_eq!(upstream.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_is_not_opened() {
    let (envoy, upstream) = with(ON).await;
    let url = format!("ws://{}/socket", envoy.address());
    let Err(Error::Http(response)) = tokio_tungstenite::connect_async(url).await else {
        panic!("the upgrade was not refused");
    };
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "60");
    assert_eq!(upstream.requests(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_passes_while_disabled() {
    let (envoy, _upstream) = with(OFF).await;
    let url = format!("ws://{}/socket", envoy.address());
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.expect("an upgrade");
    socket.send(Message::text("ping")).await.expect("sent");
    let echo = socket.next().await.expect("a message").expect("no error");
    assert_eq!(echo, Message::text("ping"));
}

#[tokio::test(flavor = "multi_thread")]
async fn connect_is_rejected() {
    let (envoy, upstream) = with(ON).await;
    let connect = b"CONNECT service.example:443 HTTP/1.1\r\nhost: service.example:443\r\n\r\n";
    let mut stream = TcpStream::connect(envoy.address()).await.expect("a connection");
    stream.write_all(connect).await.expect("sent");
    assert_maintenance_head(&head(&mut stream).await);
    assert_eq!(upstream.requests(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_a_path_is_rejected_over_http2() {
    let (envoy, upstream) = with(ON).await;
    let connect = hyper::Request::connect("service.example:443")
        .body(http_body_util::Empty::new().boxed_unsync())
        .expect("a request");
    let answer = send(envoy.address(), Http::Two, connect).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "60"));
    assert_eq!(upstream.requests(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_answered_before_it_is_read() {
    let (envoy, upstream) = with(ON).await;
    let mut stream = TcpStream::connect(envoy.address()).await.expect("a connection");
    stream.write_all(UPLOAD.as_bytes()).await.expect("the head sent, and nothing of the body");
    let head = head(&mut stream).await;
    assert_maintenance_head(&head);
    assert!(head.contains("\r\nconnection: close\r\n"), "{head}");
    assert_eq!(upstream.requests(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_of_50_megabytes_never_reaches_the_application() {
    let (envoy, upstream) = with(ON).await;
    let body = vec![b'x'; 50 * MEBIBYTE];
    let (mut reading, mut writing) =
        TcpStream::connect(envoy.address()).await.expect("a connection").into_split();
    let sending = tokio::spawn(async move {
        // The proxy may close the connection before all is sent.
        let _ = writing.write_all(UPLOAD.as_bytes()).await;
        let _ = writing.write_all(&body).await;
    });
    assert_maintenance_head(&head(&mut reading).await);
    drop(reading);
    sending.await.expect("the upload ends");
    assert_eq!((upstream.requests().len(), upstream.body_bytes()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_over_http2_never_reaches_the_application() {
    let (envoy, upstream) = with(ON).await;
    let chunk = Bytes::from(vec![b'x'; MEBIBYTE]);
    let upload = request("POST", "/upload").map(|_| upstream::stream(chunk, 50).boxed_unsync());
    assert_maintenance(&send(envoy.address(), Http::Two, upload).await);
    assert_eq!((upstream.requests().len(), upstream.body_bytes()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_passes_whole_while_disabled() {
    let (envoy, upstream) = with(OFF).await;
    let chunk = Bytes::from(vec![b'x'; MEBIBYTE]);
    let upload = request("POST", "/upload").map(|_| upstream::stream(chunk, 50).boxed_unsync());
    assert_eq!(send(envoy.address(), Http::Two, upload).await.status, 200);
    assert_eq!(upstream.body_bytes(), 50 * MEBIBYTE);
}

#[tokio::test(flavor = "multi_thread")]
async fn expect_continue_is_answered_with_the_rejection() {
    let (envoy, upstream) = with(ON).await;
    let request = b"POST /upload HTTP/1.1\r\nhost: service.example\r\nconnection: close\r\n\
        expect: 100-continue\r\ncontent-length: 10\r\n\r\n";
    let answer = raw(envoy.address(), request).await;
    let answer = String::from_utf8_lossy(&answer);
    // Envoy itself asks for the body before any filter has a say.
    let (_, answer) = answer.split_once("HTTP/1.1 100 Continue\r\n\r\n").expect("an interim");
    assert_maintenance_head(answer);
    assert_eq!(upstream.requests(), [""; 0]);
}
