//! The application behind the proxy. It counts what reaches it.

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

/// What the application answers to every plain request.
pub const BODY: &str = "the application\n";
/// A path whose answer waits for [`Upstream::release`].
pub const HELD: &str = "/held";

const LARGEST_HEAD: u32 = 1 << 20;

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// An HTTP/1.1, HTTP/2, WebSocket and gRPC server on a port of the kernel's choice.
pub struct Upstream {
    address: SocketAddr,
    seen: Arc<Seen>,
    _tasks: JoinSet<()>,
}

struct Seen {
    requests: Mutex<Vec<String>>,
    body_bytes: Mutex<usize>,
    held: Semaphore,
}

impl Upstream {
    /// Starts it; dropping it stops it.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("the port");
        let seen = Arc::new(Seen {
            requests: Mutex::default(),
            body_bytes: Mutex::default(),
            held: Semaphore::new(0),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&seen)));
        Self { address, seen, _tasks: tasks }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every request that reached it, as `GET /path?query`.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().expect("no panic").clone()
    }

    /// How many bytes of request bodies reached it.
    #[must_use]
    pub fn body_bytes(&self) -> usize {
        *self.seen.body_bytes.lock().expect("no panic")
    }

    /// Lets one request to [`HELD`] be answered.
    pub fn release(&self) {
        self.seen.held.add_permits(1);
    }
}

async fn accept(listener: TcpListener, seen: Arc<Seen>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        connections.spawn(serve(stream, Arc::clone(&seen)));
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, seen: Arc<Seen>) {
    let (_, health) = tonic_health::server::health_reporter();
    let service = service_fn(move |request| answer(request, Arc::clone(&seen), health.clone()));
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http2().max_header_list_size(LARGEST_HEAD);
    // A client that goes away is its own affair.
    let _ = server.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
}

async fn answer(
    request: Request<Incoming>,
    seen: Arc<Seen>,
    mut health: HealthServer<impl Health>,
) -> Result<Response<Body>, Infallible> {
    let line = format!("{} {}", request.method(), request.uri());
    let path = request.uri().path().to_owned();
    seen.requests.lock().expect("no panic").push(line);
    let content_type = request.headers().get(CONTENT_TYPE).map(|value| value.as_bytes().to_vec());
    if content_type.is_some_and(|value| value.starts_with(b"application/grpc")) {
        let response = health.call(request).await?;
        return Ok(response.map(|body| body.map_err(|_| unreachable!()).boxed_unsync()));
    }
    if request.headers().contains_key("sec-websocket-key") {
        return Ok(echo(request));
    }
    count(request.into_body(), &seen).await;
    if path == HELD {
        seen.held.acquire().await.expect("never closed").forget();
    }
    Ok(Response::new(Full::from(BODY).boxed_unsync()))
}

async fn count(mut body: Incoming, seen: &Seen) {
    while let Some(Ok(frame)) = body.frame().await {
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        *seen.body_bytes.lock().expect("no panic") += bytes;
    }
}

/// Accepts a WebSocket and sends every message back.
fn echo(mut request: Request<Incoming>) -> Response<Body> {
    let key = request.headers().get("sec-websocket-key").expect("just seen");
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

/// A request body of `chunks` pieces of `chunk`, made as it is sent.
pub fn stream(
    chunk: Bytes,
    chunks: usize,
) -> impl hyper::body::Body<Data = Bytes, Error = Infallible> {
    let pieces = std::iter::repeat_n(chunk, chunks).map(|piece| Ok(Frame::data(piece)));
    http_body_util::StreamBody::new(futures_util::stream::iter(pieces))
}
