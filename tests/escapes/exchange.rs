//! Sends a target as it is, over HTTP/1.1 or in hand-written HTTP/2 frames.

use std::net::SocketAddr;
use std::time::Duration;

use harness::http2::{
    DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PREFACE, RST_STREAM, SETTINGS, frames,
    write_field, write_frame,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::proxy::UPSTREAM_HEADER;

const TIMEOUT: Duration = Duration::from_secs(20);

/// Outcome of a request.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Outcome {
    /// The upstream answered, and read this path.
    Seen(Vec<u8>),
    /// The filter answered 503.
    Maintenance,
    /// The proxy or the upstream refused the request.
    Refused,
}

impl Outcome {
    fn of(body: &[u8]) -> Self {
        if let Some(path) = body.strip_prefix(b"seen ") {
            return Self::Seen(path.to_vec());
        }
        if body.starts_with(br#"{"error":"maintenance""#) {
            Self::Maintenance
        } else {
            Self::Refused
        }
    }
}

/// Sends `GET target` over HTTP/1.1.
pub async fn over_http1(address: SocketAddr, upstream: &str, target: &[u8]) -> Outcome {
    let headers =
        format!("host: service.example\r\nconnection: close\r\n{UPSTREAM_HEADER}: {upstream}");
    let request = [b"GET ", target, b" HTTP/1.1\r\n", headers.as_bytes(), b"\r\n\r\n"].concat();
    let answer = exchange(address, &request, |_| false).await;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n");
    Outcome::of(end.and_then(|end| answer.get(end + 4..)).unwrap_or_default())
}

/// Sends `GET target` over HTTP/2.
pub async fn over_http2(address: SocketAddr, upstream: &str, target: &[u8]) -> Outcome {
    let mut head = Vec::new();
    for (name, value) in [
        (":method", &b"GET"[..]),
        (":scheme", b"http"),
        (":path", target),
        (":authority", b"service.example"),
        (UPSTREAM_HEADER, upstream.as_bytes()),
    ] {
        write_field(&mut head, name.as_bytes(), value);
    }
    let mut request = PREFACE.to_vec();
    write_frame(&mut request, SETTINGS, 0, 0, &[]);
    write_frame(&mut request, HEADERS, END_STREAM | END_HEADERS, 1, &head);
    let is_complete = |received: &[u8]| {
        frames(received).any(|frame| match frame.kind {
            DATA | HEADERS => frame.flags & END_STREAM != 0,
            RST_STREAM | GOAWAY => true,
            _ => false,
        })
    };
    let answer = exchange(address, &request, is_complete).await;
    let data = frames(&answer).filter(|frame| frame.kind == DATA);
    Outcome::of(&data.flat_map(|frame| frame.payload).copied().collect::<Vec<u8>>())
}

/// Sends bytes and reads until the peer closes the connection or `is_complete`.
/// A connection that is reset may have an answer too, which came before the reset.
async fn exchange(
    address: SocketAddr,
    request: &[u8],
    is_complete: impl Fn(&[u8]) -> bool,
) -> Vec<u8> {
    let mut received = Vec::new();
    let read = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request).await?;
        while stream.read_buf(&mut received).await? > 0 && !is_complete(&received) {}
        Ok::<_, std::io::Error>(())
    };
    let result = timeout(TIMEOUT, read).await;
    assert!(result.is_ok(), "no answer to {}", request.escape_ascii());
    received
}
