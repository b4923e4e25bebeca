//! Proxy in front of a registry that spoils its answers.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use harness::client::{Answer, Client, Http, request};
use harness::port;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{ACCEPT, CONTENT_LENGTH};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Size above which a blob is the layer and not the image's configuration.
const SMALLEST_LAYER: usize = 1000;

/// What is wrong with the answers.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Nothing.
    None,
    /// The layer comes at 1 byte a second.
    Slow,
    /// The connection breaks in the middle of the layer.
    HalfLayer,
    /// Another layer comes under the digest of the layer.
    OtherLayer(Bytes),
    /// Each answer is a 500.
    Status500,
}

/// Running proxy.
pub struct FaultyRegistry {
    address: SocketAddr,
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

struct Shared {
    registry: SocketAddr,
    fault: Mutex<Fault>,
    layers: AtomicUsize,
}

impl FaultyRegistry {
    /// Starts the proxy in front of `registry`.
    pub async fn start(registry: SocketAddr, fault: Fault) -> Self {
        let shared = Shared { registry, fault: Mutex::new(fault), layers: AtomicUsize::new(0) };
        let address = SocketAddr::from(([127, 0, 0, 1], port()));
        let mut proxy = Self { address, shared: Arc::new(shared), tasks: JoinSet::new() };
        proxy.start_again().await;
        proxy
    }

    /// Address of an image as it is written in manifests.
    pub fn image(&self, tag: &str) -> String {
        format!("oci://{}/maintenance-filter:{tag}", self.address)
    }

    /// Changes what is wrong with the answers to later requests.
    pub fn set(&self, fault: Fault) {
        *self.shared.fault.lock().expect("no panic") = fault;
    }

    /// Number of layers that clients have begun to pull.
    pub fn layers(&self) -> usize {
        self.shared.layers.load(Ordering::Relaxed)
    }

    /// Closes every connection and refuses further ones.
    pub async fn cut_off(&mut self) {
        self.tasks.shutdown().await;
    }

    /// Accepts connections again.
    pub async fn start_again(&mut self) {
        let listener = TcpListener::bind(self.address).await.expect("the port is free");
        self.tasks.spawn(accept(listener, Arc::clone(&self.shared)));
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let service = service_fn(|request| answer(request, Arc::clone(&shared)));
            // A connection that breaks is what the faults are for.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    incoming: Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<Response<Body>, Infallible> {
    let fault = shared.fault.lock().expect("no panic").clone();
    if matches!(fault, Fault::Status500) {
        let response = Response::builder().status(500).body(whole(Bytes::new()));
        return Ok(response.expect("a response"));
    }
    let mut answer = forward(&incoming, shared.registry).await;
    let is_layer = incoming.uri().path().contains("/blobs/") && answer.body.len() > SMALLEST_LAYER;
    if let (true, Fault::OtherLayer(_)) = (is_layer, &fault) {
        // Its length is another, too.
        answer.headers.remove(CONTENT_LENGTH);
    }
    let body = match fault {
        _ if !is_layer => whole(answer.body),
        Fault::Slow => slow(answer.body),
        Fault::HalfLayer => broken(answer.body),
        Fault::OtherLayer(layer) => chunked(layer),
        Fault::None | Fault::Status500 => whole(answer.body),
    };
    if is_layer {
        shared.layers.fetch_add(1, Ordering::Relaxed);
    }
    let mut response = Response::new(body);
    *response.status_mut() = answer.status.try_into().expect("a status");
    *response.headers_mut() = answer.headers;
    Ok(response)
}

/// Sends a request on to the registry.
async fn forward(incoming: &Request<Incoming>, registry: SocketAddr) -> Answer {
    let mut outgoing = request(incoming.method().as_str(), incoming.uri().path());
    for value in incoming.headers().get_all(ACCEPT) {
        outgoing.headers_mut().append(ACCEPT, value.clone());
    }
    let mut client = Client::connect(registry, Http::One).await.expect("the registry");
    client.send(outgoing).await.expect("an answer")
}

fn whole(body: Bytes) -> Body {
    Full::new(body).map_err(|never| match never {}).boxed_unsync()
}

fn slow(body: Bytes) -> Body {
    let bytes = stream::unfold(body, |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        let byte = rest.split_to(1);
        Some((Ok(Frame::data(byte)), rest))
    });
    StreamBody::new(bytes).boxed_unsync()
}

fn broken(mut body: Bytes) -> Body {
    let half = body.split_to(body.len() / 2);
    let end = async {
        // hyper sends nothing of the answer if the error comes with the first half.
        tokio::time::sleep(Duration::from_millis(100)).await;
        Err(io::Error::other("the connection breaks"))
    };
    let frames = stream::iter([Ok(Frame::data(half))]).chain(stream::once(end));
    StreamBody::new(frames).boxed_unsync()
}

fn chunked(body: Bytes) -> Body {
    StreamBody::new(stream::iter([Ok(Frame::data(body))])).boxed_unsync()
}
