//! Sends a target as it is, over HTTP/1.1 or in hand-written HTTP/2 frames.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::proxy::UPSTREAM_HEADER;

const TIMEOUT: Duration = Duration::from_secs(20);
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// SETTINGS without a setting.
const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
/// Length of the header of a frame.
const FRAME_HEADER: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;

/// What became of a request.
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
    let byte = |length: usize| u8::try_from(length).expect("fewer than 256 bytes");
    // HPACK without compression: a literal, without indexing, with a new name.
    let field = |name: &str, value: &[u8]| {
        assert!(value.len() < 127, "a longer length takes more bytes");
        [&[0, byte(name.len())], name.as_bytes(), &[byte(value.len())], value].concat()
    };
    let head = [
        field(":method", b"GET"),
        field(":scheme", b"http"),
        field(":path", target),
        field(":authority", b"service.example"),
        field(UPSTREAM_HEADER, upstream.as_bytes()),
    ]
    .concat();
    let headers = [0, 0, byte(head.len()), 1, 5, 0, 0, 0, 1];
    let request = [PREFACE, &SETTINGS, &headers, &head].concat();
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
/// A connection that is reset has an answer too: what came before.
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

struct Frame<'a> {
    kind: u8,
    flags: u8,
    payload: &'a [u8],
}

/// Complete frames in `bytes`.
fn frames(mut bytes: &[u8]) -> impl Iterator<Item = Frame<'_>> {
    std::iter::from_fn(move || {
        let header = bytes.get(..FRAME_HEADER)?;
        let length = u32::from_be_bytes([0, header[0], header[1], header[2]]);
        let end = FRAME_HEADER + usize::try_from(length).ok()?;
        let payload = bytes.get(FRAME_HEADER..end)?;
        let frame = Frame { kind: header[3], flags: header[4], payload };
        bytes = &bytes[end..];
        Some(frame)
    })
}
