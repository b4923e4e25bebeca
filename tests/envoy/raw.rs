//! Raw requests and responses, for messages that the HTTP clients cannot send or
//! read.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// Reads the head of the next HTTP/1.1 response.
pub async fn head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let read = async {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("the rest of the head"));
        }
        head
    };
    let head = timeout(READ_TIMEOUT, read).await.expect("a head before the timeout");
    String::from_utf8(head).expect("a head in ASCII")
}

/// Asserts that an HTTP/1.1 response head is the head of a maintenance reply.
#[track_caller]
pub fn assert_maintenance_head(head: &str) {
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    for header in ["retry-after: 60", "content-type: application/json", "cache-control: no-store"] {
        assert!(head.contains(&format!("\r\n{header}\r\n")), "no header {header:?} in\n{head}");
    }
}

/// Sends `GET path` in hand-written HTTP/2 frames, because clients refuse to send
/// an invalid path or no `:authority`. The frames are the connection preface, an empty SETTINGS and
/// an uncompressed HEADERS.
///
/// Reads until the received bytes contain `expected`. Returns `None` if the
/// connection closes or the timeout passes first.
pub async fn get_over_http2(
    address: SocketAddr,
    path: &[u8],
    authority: Option<&[u8]>,
    expected: &[u8],
) -> Option<()> {
    let byte = |length: usize| u8::try_from(length).expect("fewer than 256 bytes");
    let literal = |name: &[u8], value: &[u8]| {
        [&[0, byte(name.len())], name, &[byte(value.len())], value].concat()
    };
    let head = [
        literal(b":method", b"GET"),
        literal(b":scheme", b"http"),
        literal(b":path", path),
        authority.map(|authority| literal(b":authority", authority)).unwrap_or_default(),
    ]
    .concat();
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let headers = [0, 0, byte(head.len()), 1, 5, 0, 0, 0, 1];
    let request = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &settings, &headers, &head].concat();
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(&request).await.expect("the request sent");
    let read = async {
        let mut received = Vec::new();
        while !received.windows(expected.len()).any(|window| window == expected) {
            stream.read_buf(&mut received).await.ok().filter(|length| *length > 0)?;
        }
        Some(())
    };
    timeout(READ_TIMEOUT, read).await.ok().flatten()
}
