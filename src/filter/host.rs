//! Host calls in the form the filter needs them.

use proxy_wasm::hostcalls;
use proxy_wasm::types::{LogLevel, Status};

use crate::reply::Reply;

/// Envoy leaves a gRPC request's status to itself: UNAVAILABLE for a 503.
const GRPC_STATUS_BY_PROXY: i32 = -1;

pub fn log(level: LogLevel, message: &str) {
    // A line that the host does not take is lost; there is nowhere to say so.
    let _ = hostcalls::log(level, message);
}

/// Sends `reply` in place of the application's answer. Should the host refuse
/// it, the stream is reset: no request slips through to the application.
pub fn send(reply: &Reply) {
    if !matches!(send_local_response(reply), Status::Ok) {
        let _ = hostcalls::reset_http_request();
    }
}

/// The SDK's own wrapper passes no response code details, and copies the
/// headers into a new map for each request.
#[expect(unsafe_code, reason = "a foreign function; the host only reads the ranges it is given")]
fn send_local_response(reply: &Reply) -> Status {
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
        ) -> Status;
    }
    // SAFETY: each pointer comes with the length of the slice it is taken
    // from, and `reply` outlives the call, after which the host keeps none.
    unsafe {
        proxy_send_local_response(
            reply.status,
            reply.details.as_ptr(),
            reply.details.len(),
            reply.body.as_ptr(),
            reply.body.len(),
            reply.headers.as_ptr(),
            reply.headers.len(),
            GRPC_STATUS_BY_PROXY,
        )
    }
}
