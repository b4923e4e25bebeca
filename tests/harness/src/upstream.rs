//! Application behind the proxy. It records every request that reaches it.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Frame, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use tonic_health::pb::health_server::{Health, HealthServer};
use tower_service::Service;

/// Response body of every plain HTTP request.
pub const BODY: &str = "the application\n";
/// Path whose response waits for [`Upstream::release`].
pub const HELD: &str = "/held";

const MAX_HEADER_LIST_BYTES: u32 = 1 << 20;

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// HTTP/1.1, HTTP/2, WebSocket and gRPC server on a kernel-assigned port.
pub struct Upstream {
    address: SocketAddr,
    received: Arc<Received>,
    _tasks: JoinSet<()>,
}

/// Record of everything that has reached the upstream.
struct Received {
    requests: Mutex<Vec<String>>,
    header_names: Mutex<BTreeSet<String>>,
    body_bytes: Mutex<usize>,
    held_responses: Semaphore,
}

impl Upstream {
    /// Starts the server. Dropping the value stops it.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("the port");
        let received = Arc::new(Received {
            requests: Mutex::default(),
            header_names: Mutex::default(),
            body_bytes: Mutex::default(),
            held_responses: Semaphore::new(0),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&received)));
        Self { address, received, _tasks: tasks }
    }

    /// Address the server listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every request that has reached the upstream, as `GET /path?query`.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.received.requests.lock().expect("no panic").clone()
    }

    /// Names of the headers of all requests that have reached the upstream.
    #[must_use]
    pub fn header_names(&self) -> BTreeSet<String> {
        self.received.header_names.lock().expect("no panic").clone()
    }

    /// Returns whether any request has reached the upstream with a header of this name.
    #[must_use]
    pub fn has_received_header(&self, name: &str) -> bool {
        self.header_names().contains(name)
    }

    /// Number of request body bytes that have reached the upstream.
    #[must_use]
    pub fn body_bytes(&self) -> usize {
        *self.received.body_bytes.lock().expect("no panic")
    }

    /// Asserts that no request and no body byte has reached the upstream.
    #[track_caller]
    pub fn assert_untouched(&self) {
        assert_eq!(self.requests(), [""; 0], "requests reached the upstream");
        assert_eq!(self.body_bytes(), 0, "body bytes reached the upstream");
    }

    /// Lets the upstream respond to one request for [`HELD`].
    pub fn release(&self) {
        self.received.held_responses.add_permits(1);
    }
}

async fn accept(listener: TcpListener, received: Arc<Received>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        connections.spawn(serve(stream, Arc::clone(&received)));
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, received: Arc<Received>) {
    let (_, health) = tonic_health::server::health_reporter();
    let service = service_fn(move |request| answer(request, Arc::clone(&received), health.clone()));
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http2().max_header_list_size(MAX_HEADER_LIST_BYTES);
    // A client that disconnects early is not an error of the server.
    let _ = server.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
}

async fn answer(
    request: Request<Incoming>,
    received: Arc<Received>,
    mut health: HealthServer<impl Health>,
) -> Result<Response<Body>, Infallible> {
    let line = format!("{} {}", request.method(), request.uri());
    let path = request.uri().path().to_owned();
    received.requests.lock().expect("no panic").push(line);
    let names = request.headers().keys().map(|name| name.as_str().to_owned());
    received.header_names.lock().expect("no panic").extend(names);
    let content_type = request.headers().get(CONTENT_TYPE).map(|value| value.as_bytes().to_vec());
    if content_type.is_some_and(|value| value.starts_with(b"application/grpc")) {
        let response = health.call(request).await?;
        return Ok(response.map(|body| body.map_err(|_| unreachable!()).boxed_unsync()));
    }
    if request.headers().contains_key("sec-websocket-key") {
        return Ok(echo(request));
    }
    count_body(request.into_body(), &received).await;
    if path == HELD {
        received.held_responses.acquire().await.expect("never closed").forget();
    }
    Ok(Response::new(Full::from(BODY).boxed_unsync()))
}

async fn count_body(mut body: Incoming, received: &Received) {
    while let Some(Ok(frame)) = body.frame().await {
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        *received.body_bytes.lock().expect("no panic") += bytes;
    }
}

/// Accepts a WebSocket and echoes every message.
fn echo(mut request: Request<Incoming>) -> Response<Body> {
    let key = request.headers().get("sec-websocket-key").expect("checked by the caller");
    let accept = derive_accept_key(key.as_bytes());
    tokio::spawn(async move {
        use futures_util::{SinkExt, StreamExt};
        let stream = hyper::upgrade::on(&mut request).await.expect("an upgrade");
        let socket =
            WebSocketStream::from_raw_socket(TokioIo::new(stream), Role::Server, None).await;
        let (mut sink, mut messages) = socket.split();
        while let Some(Ok(message)) = messages.next().await {
            if sink.send(message).await.is_err() {
                return;
            }
        }
    });
    Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-accept", accept)
        .body(Full::default().boxed_unsync())
        .expect("a response")
}

/// Streaming request body that repeats `chunk` `count` times.
pub fn repeated_body(
    chunk: Bytes,
    count: usize,
) -> impl hyper::body::Body<Data = Bytes, Error = Infallible> {
    let frames = std::iter::repeat_n(chunk, count).map(|data| Ok(Frame::data(data)));
    http_body_util::StreamBody::new(futures_util::stream::iter(frames))
}
