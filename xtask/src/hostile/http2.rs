//! HTTP/2 connections: frames written by hand, most streams odd in one place.

use fastrand::Rng;
use harness::http2::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, FRAME_TYPES, GOAWAY, HEADERS, MAX_PAYLOAD, PING,
    PREFACE, PRIORITY, RST_STREAM, SETTINGS, WINDOW_UPDATE, write_field as field,
    write_frame as frame,
};

/// Fields that a request may get in addition, or instead of its own.
const FIELDS: &[(&[u8], &[u8])] = &[
    (b":path", b"/load-balancer/health-check"),
    (b":path", b"/\xff\xfe"),
    (b":path", b""),
    (b":path", b"no slash"),
    (b":method", b"CONNECT"),
    (b":method", b"\xff"),
    (b":protocol", b"websocket"),
    (b":status", b"200"),
    (b":authority", b"a@b:c"),
    (b"host", b"other"),
    (b"transfer-encoding", b"chunked"),
    (b"connection", b"close"),
    (b"content-length", b"5"),
    (b"content-length", b"-5"),
    (b"X-Upper", b"a"),
    (b"x-a", b"\xff\xfe\x80"),
    (b"x-a", b"b\r\nx-b: c"),
    (b"x-a", b"\0"),
    (b"", b"a"),
    (b"te", b"gzip"),
    (b"content-type", b"application/grpc"),
    (b"accept", b"text/html"),
    (b"accept", b"text/html;q=\xff, */*;q=1.0001"),
    (b"origin", b"https://a.example"),
    (b"access-control-request-method", b"PUT"),
    (b"access-control-request-headers", b"x-a, \xff"),
    (b"x-token", b"a"),
    (b"x-token", b"\xff\xfe"),
];

/// The bytes of a connection. It ends with GOAWAY, after which Envoy closes it.
pub fn bytes(random: &mut Rng) -> Vec<u8> {
    let mut bytes = PREFACE.to_vec();
    frame(&mut bytes, SETTINGS, 0, 0, &[]);
    match random.u8(..100) {
        0 => rapid_reset(random, &mut bytes),
        1 => continuation_flood(random, &mut bytes),
        _ => streams(random, &mut bytes),
    }
    frame(&mut bytes, GOAWAY, 0, 0, &[0; 8]);
    bytes
}

/// Streams that are reset at once, in the manner of CVE-2023-44487.
fn rapid_reset(random: &mut Rng, bytes: &mut Vec<u8>) {
    let flags = if random.bool() { END_STREAM } else { 0 };
    for stream in (1..random.u32(..1200)).step_by(2) {
        frame(bytes, HEADERS, END_HEADERS | flags, stream, &well_formed());
        frame(bytes, RST_STREAM, 0, stream, &[0, 0, 0, 8]);
    }
}

/// A field block in frames of at most one byte, which most often does not end.
fn continuation_flood(random: &mut Rng, bytes: &mut Vec<u8>) {
    let mut block = well_formed();
    field(&mut block, b"x-a", &[b'a'; 3000]);
    frame(bytes, HEADERS, END_STREAM, 1, &[]);
    for byte in block.chunks(1).take(random.usize(..4000)) {
        frame(bytes, CONTINUATION, 0, 1, byte);
        if random.u8(..4) == 0 {
            frame(bytes, CONTINUATION, 0, 1, &[]);
        }
    }
}

fn streams(random: &mut Rng, bytes: &mut Vec<u8>) {
    for stream in (1..random.u32(1..120)).step_by(2) {
        self::stream(random, bytes, stream);
        if random.u8(..20) == 0 {
            control(random, bytes, stream + 2);
        }
    }
}

/// The field block of a request without a fault.
fn well_formed() -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in
        [(":method", "GET"), (":scheme", "http"), (":path", "/orders"), (":authority", "a")]
    {
        field(&mut block, name.as_bytes(), value.as_bytes());
    }
    block
}

fn stream(random: &mut Rng, bytes: &mut Vec<u8>, stream: u32) {
    let mut block = well_formed();
    let is_odd = random.u8(..6) == 0;
    if is_odd {
        for _ in 0..random.usize(1..4) {
            let (name, value) = FIELDS[random.usize(..FIELDS.len())];
            field(&mut block, name, value);
        }
        match random.u8(..20) {
            // More than Envoy's limit of 60 KiB.
            0 => field(&mut block, b"x-big", &vec![b'a'; random.usize(..100_000)]),
            // No HPACK.
            1 => block.extend((0..random.usize(..64)).map(|_| random.u8(..))),
            _ => {}
        }
    }
    let has_body = is_odd && random.bool();
    let flags = if has_body { 0 } else { END_STREAM };
    headers(random, bytes, stream, flags, &block, is_odd);
    if has_body {
        body(random, bytes, stream);
    }
    if random.u8(..8) == 0 {
        frame(bytes, RST_STREAM, 0, stream, &[0, 0, 0, random.u8(..14)]);
    }
}

/// HEADERS, and CONTINUATION for the rest: up to a flood of short ones.
fn headers(
    random: &mut Rng,
    bytes: &mut Vec<u8>,
    stream: u32,
    flags: u8,
    block: &[u8],
    is_odd: bool,
) {
    let longest = if is_odd && random.u8(..4) == 0 { random.usize(1..16) } else { MAX_PAYLOAD };
    let mut chunks = block.chunks(longest).peekable();
    let mut kind = HEADERS;
    let mut flags = flags;
    while let Some(chunk) = chunks.next() {
        let is_last = chunks.peek().is_none();
        frame(bytes, kind, flags | if is_last { END_HEADERS } else { 0 }, stream, chunk);
        (kind, flags) = (CONTINUATION, 0);
    }
    if is_odd && random.u8(..50) == 0 {
        // Not allowed after END_HEADERS.
        frame(bytes, CONTINUATION, END_HEADERS, stream, &[]);
    }
}

/// DATA, and sometimes trailers.
fn body(random: &mut Rng, bytes: &mut Vec<u8>, stream: u32) {
    let content = vec![b'a'; random.usize(..1000)];
    if random.bool() {
        frame(bytes, DATA, END_STREAM, stream, &content);
        return;
    }
    frame(bytes, DATA, 0, stream, &content);
    let mut trailers = Vec::new();
    let name: &[u8] = if random.u8(..4) == 0 { b":path" } else { b"x-trailer" };
    field(&mut trailers, name, b"/load-balancer/health-check");
    frame(bytes, HEADERS, END_HEADERS | END_STREAM, stream, &trailers);
}

/// A frame about the connection or about a stream that may not exist.
fn control(random: &mut Rng, bytes: &mut Vec<u8>, stream: u32) {
    match random.u8(..7) {
        0 => (0..random.usize(..50)).for_each(|_| frame(bytes, PING, 0, 0, &[0; 8])),
        1 => (0..random.usize(..50)).for_each(|_| frame(bytes, SETTINGS, 0, 0, &[])),
        2 => frame(bytes, WINDOW_UPDATE, 0, 0, &[0, 0, 0, random.u8(..2)]),
        3 => frame(bytes, PRIORITY, 0, stream, &[0, 0, 0, 1, 16]),
        4 => frame(bytes, random.u8(FRAME_TYPES..), random.u8(..), stream, &[0; 3]),
        5 => frame(bytes, DATA, END_STREAM, stream, b"early"),
        _ => frame(bytes, SETTINGS, 0, 0, &[0, 4, 0, 0, 0, random.u8(..)]),
    }
}
