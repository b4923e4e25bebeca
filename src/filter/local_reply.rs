//! Local replies: answers that Envoy sends in place of the application.

#![expect(unsafe_code, reason = "the SDK sends no response code details, so this calls the host")]

use std::rc::Rc;

use proxy_wasm::hostcalls;

use crate::reply::Reply;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_send_local_response(
        status_code: u32,
        details: *const u8,
        details_size: usize,
        body: *const u8,
        body_size: usize,
        headers: *const u8,
        headers_size: usize,
        grpc_status: i32,
    ) -> u32;
}

/// Leaves the status of a gRPC reply to Envoy: UNAVAILABLE for a 503.
const GRPC_STATUS_FROM_HTTP: i32 = -1;
const STATUS_OK: u32 = 0;

/// A [`Reply`] whose headers are in the format of the ABI.
pub struct LocalReply {
    status: u32,
    details: &'static str,
    headers: Vec<u8>,
    body: Rc<str>,
}

impl LocalReply {
    /// Sends the reply to the client. If Envoy does not take it, the stream is reset,
    /// so that the request does not reach the application.
    pub fn send(&self) {
        // SAFETY: each pointer is valid for the length that follows it, and
        // Envoy copies the bytes before it returns.
        let status = unsafe {
            proxy_send_local_response(
                self.status,
                self.details.as_ptr(),
                self.details.len(),
                self.body.as_ptr(),
                self.body.len(),
                self.headers.as_ptr(),
                self.headers.len(),
                GRPC_STATUS_FROM_HTTP,
            )
        };
        if status != STATUS_OK {
            // `Err` is never returned: the SDK panics on a failure, which also ends the stream.
            let _ = hostcalls::reset_http_request();
        }
    }
}

impl From<Reply> for LocalReply {
    /// Serializes the number of headers, the length of each name and value, then
    /// each name and value with a zero byte behind it. Numbers have 32 bits,
    /// little-endian.
    fn from(reply: Reply) -> Self {
        let texts = || reply.headers.iter().flat_map(|(name, value)| [name, value]);
        let mut headers = Vec::from(u32_le(reply.headers.len()));
        for text in texts() {
            headers.extend(u32_le(text.len()));
        }
        for text in texts() {
            headers.extend_from_slice(text.as_bytes());
            headers.push(0);
        }
        Self { status: reply.status, details: reply.details, headers, body: reply.body }
    }
}

/// Lengths always fit: the memory of a VM has 32-bit addresses.
fn u32_le(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes()
}
