//! HTTP/2 connections: frames written by hand, most streams odd in one place.

use fastrand::Rng;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const MAX_FRAME_BYTES: usize = 16_384;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

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
];

/// The bytes of a connection. It ends with GOAWAY, after which Envoy closes it.
pub fn bytes(random: &mut Rng) -> Vec<u8> {
    let mut bytes = PREFACE.to_vec();
    frame(&mut bytes, SETTINGS, 0, 0, &[]);
    let mut stream = 1;
    for _ in 0..random.usize(..60) {
        self::stream(random, &mut bytes, stream);
        stream += 2;
        if random.u8(..20) == 0 {
            control(random, &mut bytes, stream);
        }
    }
    frame(&mut bytes, GOAWAY, 0, 0, &[0; 8]);
    bytes
}

fn stream(random: &mut Rng, bytes: &mut Vec<u8>, stream: u32) {
    let mut block = Vec::new();
    for (name, value) in [(b":method", &b"GET"[..]), (b":scheme", b"http")] {
        field(&mut block, name, value);
    }
    field(&mut block, b":path", b"/orders");
    field(&mut block, b":authority", b"a");
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
    let longest = if is_odd && random.u8(..4) == 0 { random.usize(1..16) } else { MAX_FRAME_BYTES };
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
        4 => frame(bytes, random.u8(10..), random.u8(..), stream, &[0; 3]),
        5 => frame(bytes, DATA, END_STREAM, stream, b"early"),
        _ => frame(bytes, SETTINGS, 0, 0, &[0, 4, 0, 0, 0, random.u8(..)]),
    }
}

fn frame(bytes: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len()).expect("at most MAX_FRAME_BYTES").to_be_bytes();
    bytes.extend(&length[1..]);
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
}

/// Adds a literal without indexing and with a new name
/// ([RFC 7541, section 6.2.2](https://www.rfc-editor.org/rfc/rfc7541#section-6.2.2)).
fn field(block: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    block.push(0);
    for text in [name, value] {
        length(block, text.len());
        block.extend(text);
    }
}

/// Adds an integer with a prefix of seven bits.
fn length(block: &mut Vec<u8>, length: usize) {
    const PREFIX: usize = 127;
    let byte = |value: usize| u8::try_from(value).expect("less than 256");
    let Some(mut rest) = length.checked_sub(PREFIX) else {
        block.push(byte(length));
        return;
    };
    block.push(byte(PREFIX));
    while rest >= 128 {
        block.push(byte(rest % 128 + 128));
        rest /= 128;
    }
    block.push(byte(rest));
}
