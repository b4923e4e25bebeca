//! HTTP/2 frames written and read by hand
//! ([RFC 9113](https://www.rfc-editor.org/rfc/rfc9113)), for requests that no
//! client sends. The crate `h2` checks what it sends and keeps its frames private.

/// The bytes that a client sends first.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Longest payload of a frame, unless the peer allows more.
pub const MAX_PAYLOAD: usize = 16_384;

/// Type of a frame: a part of a body.
pub const DATA: u8 = 0;
/// Type of a frame: a field block, or its beginning.
pub const HEADERS: u8 = 1;
/// Type of a frame: the priority of a stream.
pub const PRIORITY: u8 = 2;
/// Type of a frame: the end of a stream at once.
pub const RST_STREAM: u8 = 3;
/// Type of a frame: settings of the connection.
pub const SETTINGS: u8 = 4;
/// Type of a frame: a request for an echo.
pub const PING: u8 = 6;
/// Type of a frame: the end of the connection.
pub const GOAWAY: u8 = 7;
/// Type of a frame: how much more may be sent.
pub const WINDOW_UPDATE: u8 = 8;
/// Type of a frame: the rest of a field block.
pub const CONTINUATION: u8 = 9;
/// Number of frame types that the RFC defines.
pub const FRAME_TYPES: u8 = 10;

/// Flag of DATA and HEADERS: the last frame that the sender has for the stream.
pub const END_STREAM: u8 = 1;
/// Flag of HEADERS and CONTINUATION: the last frame of a field block.
pub const END_HEADERS: u8 = 4;

/// Length of the header of a frame.
const FRAME_HEADER: usize = 9;

/// A frame of a connection, without its stream.
pub struct Frame<'a> {
    /// Type of the frame.
    pub kind: u8,
    /// Flags, whose meaning depends on the type.
    pub flags: u8,
    /// Everything after the header.
    pub payload: &'a [u8],
}

/// Returns the complete frames in `bytes`.
pub fn frames(mut bytes: &[u8]) -> impl Iterator<Item = Frame<'_>> {
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

/// Appends a frame.
pub fn write_frame(bytes: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len()).expect("at most MAX_PAYLOAD").to_be_bytes();
    bytes.extend(&length[1..]);
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
}

/// Appends a field to a field block: a literal without indexing and with a new name
/// ([RFC 7541, section 6.2.2](https://www.rfc-editor.org/rfc/rfc7541#section-6.2.2)).
pub fn write_field(block: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    block.push(0);
    for text in [name, value] {
        write_length(block, text.len());
        block.extend(text);
    }
}

/// Appends an integer with a prefix of seven bits.
fn write_length(block: &mut Vec<u8>, length: usize) {
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
