//! HTTP clients with one connection each, so that a test can observe the
//! connection itself.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full};
use hyper::client::conn::{http1, http2};
use hyper::header::{HOST, HeaderMap, HeaderName};
use hyper::{Method, Request};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Body of a request.
pub type Body = UnsyncBoxBody<Bytes, Infallible>;
/// Error that kept a request from getting a complete response.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

const RESPONSE_TIMEOUT: Duration = Duration::from_secs(20);

/// HTTP version that a client speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Http {
    /// HTTP/1.1.
    One,
    /// HTTP/2 over cleartext with prior knowledge.
    Two,
}

/// Complete response.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl Answer {
    /// Value of a header; empty if the header is absent. Panics if the header
    /// occurs more than once.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().map_or("", |value| value.to_str().expect("ASCII"));
        assert!(values.next().is_none(), "more than one {name} header");
        value
    }

    /// Names of all headers, sorted.
    #[must_use]
    pub fn header_names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }
}

enum Sender {
    One(http1::SendRequest<Body>),
    Two(http2::SendRequest<Body>),
}

/// Connection that stays open between requests.
pub struct Client {
    sender: Sender,
}

impl Client {
    /// Opens a connection.
    ///
    /// # Errors
    /// Fails if nothing listens at `address` or if the HTTP handshake fails.
    pub async fn connect(address: SocketAddr, http: Http) -> Result<Self, Error> {
        let stream = TokioIo::new(TcpStream::connect(address).await?);
        let sender = match http {
            Http::One => {
                let (sender, connection) = http1::handshake(stream).await?;
                tokio::spawn(connection.with_upgrades());
                Sender::One(sender)
            }
            Http::Two => {
                let (sender, connection) = http2::handshake(TokioExecutor::new(), stream).await?;
                tokio::spawn(connection);
                Sender::Two(sender)
            }
        };
        Ok(Self { sender })
    }

    /// Sends a request and reads the complete response.
    ///
    /// # Errors
    /// Fails if the connection breaks or the response takes longer than 20 s.
    pub async fn send(&mut self, request: Request<Body>) -> Result<Answer, Error> {
        timeout(RESPONSE_TIMEOUT, self.exchange(request)).await?
    }

    async fn exchange(&mut self, mut request: Request<Body>) -> Result<Answer, Error> {
        let response = match &mut self.sender {
            Sender::One(sender) => {
                sender.ready().await?;
                let target = request.uri().path_and_query().map(ToString::to_string);
                *request.uri_mut() = target.unwrap_or_default().parse()?;
                sender.send_request(request).await?
            }
            Sender::Two(sender) => {
                sender.ready().await?;
                request.headers_mut().remove(HOST);
                sender.send_request(request).await?
            }
        };
        let (head, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
    }
}

/// Builds a request without a body. `target` is a path with an optional query.
#[must_use]
pub fn request(method: &str, target: &str) -> Request<Body> {
    Request::builder()
        .method(Method::from_bytes(method.as_bytes()).expect("a method"))
        .uri(format!("http://service.example{target}"))
        .header(HOST, "service.example")
        .body(Empty::new().boxed_unsync())
        .expect("a request")
}

/// Builds a request body from `text`.
#[must_use]
pub fn body(text: &str) -> Body {
    Full::from(text.to_owned()).boxed_unsync()
}

/// Sends a request on a new connection.
pub async fn send(address: SocketAddr, http: Http, request: Request<Body>) -> Answer {
    let mut client = Client::connect(address, http).await.expect("a connection");
    client.send(request).await.expect("an answer")
}

/// Sends `GET target` over HTTP/1.1 on a new connection.
pub async fn get(address: SocketAddr, target: &str) -> Answer {
    send(address, Http::One, request("GET", target)).await
}

/// Sends raw bytes and reads until the peer closes the connection.
pub async fn send_raw(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(bytes).await.expect("the request sent");
    let mut answer = Vec::new();
    timeout(RESPONSE_TIMEOUT, stream.read_to_end(&mut answer))
        .await
        .expect("the connection closed")
        .expect("an answer");
    answer
}
