//! HTTP/1.1 connections: requests, some of them odd in one or two places.

use fastrand::Rng;

const METHODS: &[&[u8]] =
    &[b"GET", b"POST", b"HEAD", b"OPTIONS", b"CONNECT", b"PRI", b"get", b"A\xff", b"", b"M-SEARCH"];
const TARGETS: &[&[u8]] = &[
    b"/",
    b"/load-balancer/health-check",
    b"*",
    b"",
    b"/a b",
    b"/%00",
    b"/\xff",
    b"http://a/b",
    b"a:443",
    b"//",
    b"/../..",
    b"/?#",
];
const VERSIONS: &[&[u8]] = &[
    b"HTTP/1.1",
    b"HTTP/1.1",
    b"HTTP/1.1",
    b"HTTP/1.0",
    b"HTTP/2.0",
    b"HTTP/9.9",
    b"",
    b"http/1.1",
];
/// Header lines. Several make the end of the body ambiguous, as request smuggling
/// does.
const HEADERS: &[&[u8]] = &[
    b"content-length: 0",
    b"content-length: 5",
    b"content-length: 18446744073709551616",
    b"content-length: -1",
    b"content-length: +5",
    b"content-length: 0x5",
    b"content-length:",
    b"content-length: 5, 5",
    b"content-length : 5",
    b"transfer-encoding: chunked",
    b"transfer-encoding: chunked, identity",
    b"transfer-encoding: \x0bchunked",
    b"Transfer-Encoding: xchunked",
    b" transfer-encoding: chunked",
    b"te: trailers",
    b"trailer: x-a",
    b"expect: 100-continue",
    b"upgrade: websocket\r\nconnection: upgrade",
    b"upgrade: h2c\r\nconnection: upgrade, http2-settings\r\nhttp2-settings: AAMAAABkAARAAAAAAAIAAAAA",
    b"connection: close",
    b"connection: host, x-token",
    b"host: b",
    b"host:",
    b"host: a:b@c",
    b"x-a: \xff\xfe\x80",
    b"x-a: \0",
    b"x-a",
    b": x",
    b"x\xc3\x28: a",
    b"x-a: b\r\n c",
    b"x-a: b\nx-b: c",
    b"x-a: b\rx-b: c",
    b"accept: text/html",
    b"accept: text/html;q=\xff, */*;q=1.0001",
    b"origin: https://a.example",
    b"origin: https://a.example\r\naccess-control-request-method: PUT",
    b"access-control-request-headers: x-a, \xff",
    b"x-token: a",
    b"x-token: \xff\xfe",
    b"content-type: application/grpc",
    b"cookie: a=b",
];
const BODIES: &[&[u8]] = &[
    b"",
    b"hello",
    b"0\r\n\r\n",
    b"5\r\nhello\r\n0\r\nx-a: b\r\n\r\n",
    b"5;a=b\r\nhello\r\n0\r\n\r\n",
    b"fffffffffffffffff\r\n",
    b"5\r\nhelloXX0\r\n\r\n",
    b"0x5\r\nhello\r\n0\r\n\r\n",
    b"-1\r\n",
    b"5\nhello\n0\n\n",
    b"0\r\n\r\nGET /load-balancer/health-check HTTP/1.1\r\nhost: a\r\n\r\n",
];

/// Writes of a connection: one or two requests at a time, because Envoy closes a
/// connection on which more than two answers wait. The last request asks Envoy to
/// close the connection.
pub fn writes(random: &mut Rng) -> Vec<Vec<u8>> {
    let mut writes = Vec::new();
    for _ in 0..random.usize(..40) {
        let mut bytes = Vec::new();
        for _ in 0..random.usize(1..=2) {
            request(random, &mut bytes);
        }
        writes.push(bytes);
    }
    writes.push(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".to_vec());
    writes
}

fn request(random: &mut Rng, bytes: &mut Vec<u8>) {
    // Envoy closes the connection at the first error, so most requests have none.
    if random.u8(..30) != 0 {
        bytes.extend(b"GET /orders HTTP/1.1\r\nhost: a\r\nx-a: \xff\xfe\r\n\r\n");
        return;
    }
    let line = [odd(random, METHODS), odd(random, TARGETS), odd(random, VERSIONS)].join(&b' ');
    bytes.extend(line);
    bytes.extend(if random.u8(..10) == 0 { &b"\r\n"[..] } else { b"\r\nhost: a\r\n" });
    for _ in 0..random.usize(..4) {
        bytes.extend(*random.choice(HEADERS).unwrap_or(&HEADERS[0]));
        bytes.extend(b"\r\n");
    }
    match random.u8(..20) {
        // More than Envoy's limits of 60 KiB and of 100 headers.
        0 => bytes.extend([b"x-big: ", &vec![b'a'; random.usize(..100_000)][..], b"\r\n"].concat()),
        1 => bytes.extend(b"x-many: a\r\n".repeat(random.usize(..200))),
        _ => {}
    }
    bytes.extend(b"\r\n");
    bytes.extend(*random.choice(BODIES).unwrap_or(&BODIES[0]));
}

/// Mostly the first of `choices`, which is well formed.
fn odd<'a>(random: &mut Rng, choices: &[&'a [u8]]) -> &'a [u8] {
    let index = if random.bool() { 0 } else { random.usize(..choices.len()) };
    choices[index]
}
