//! The host's side of the proxy-wasm ABI, version 0.2.1
//! ([specification](https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1)):
//! the calls that the filter makes, as safe functions.
//!
//! A status that the filter cannot act on becomes `None` or is let go: nothing
//! the host answers makes the module trap.

#![expect(unsafe_code, reason = "foreign functions: the one place where memory is shared")]

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ptr;

use crate::reply::Reply;

type Status = u32;
const OK: Status = 0;
const NOT_FOUND: Status = 1;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_log(level: u32, message: *const u8, size: usize) -> Status;
    fn proxy_get_property(
        path: *const u8,
        path_size: usize,
        value: *mut *mut u8,
        value_size: *mut usize,
    ) -> Status;
    fn proxy_get_buffer_bytes(
        buffer: u32,
        start: usize,
        most: usize,
        bytes: *mut *mut u8,
        size: *mut usize,
    ) -> Status;
    fn proxy_get_header_map_value(
        map: u32,
        name: *const u8,
        name_size: usize,
        value: *mut *mut u8,
        value_size: *mut usize,
    ) -> Status;
    fn proxy_get_shared_data(
        key: *const u8,
        key_size: usize,
        value: *mut *mut u8,
        value_size: *mut usize,
        version: *mut u32,
    ) -> Status;
    fn proxy_set_shared_data(
        key: *const u8,
        key_size: usize,
        value: *const u8,
        value_size: usize,
        version: u32,
    ) -> Status;
    fn proxy_define_metric(kind: u32, name: *const u8, size: usize, id: *mut u32) -> Status;
    fn proxy_increment_metric(metric: u32, by: i64) -> Status;
    fn proxy_record_metric(metric: u32, value: u64) -> Status;
    fn proxy_set_tick_period_milliseconds(period: u32) -> Status;
    fn proxy_close_stream(stream: u32) -> Status;
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

// SAFETY, for every call below: a pointer into the module comes with the length
// of the slice it is taken from, the slice outlives the call, and the host
// keeps no pointer after it. The host writes only to the places it is given.

/// The levels that the filter logs at.
#[derive(Clone, Copy)]
pub enum Level {
    Warning = 3,
    Error = 4,
}

/// A line that the host does not take is lost; there is nowhere to say so.
pub fn log(level: Level, message: &str) {
    #[expect(clippy::as_conversions, reason = "the number that the ABI gives the level")]
    let _ = unsafe { proxy_log(level as u32, message.as_ptr(), message.len()) };
}

/// A property of the host, by a name without parts.
pub fn property(name: &str) -> Option<Vec<u8>> {
    returned(|value, size| unsafe { proxy_get_property(name.as_ptr(), name.len(), value, size) })
}

/// The plugin configuration, of which the host said that it has `size` bytes.
pub fn configuration(size: usize) -> Option<Vec<u8>> {
    const PLUGIN_CONFIGURATION: u32 = 7;
    if size == 0 {
        return Some(Vec::new());
    }
    let bytes = returned(|bytes, length| unsafe {
        proxy_get_buffer_bytes(PLUGIN_CONFIGURATION, 0, size, bytes, length)
    });
    bytes.filter(|bytes| !bytes.is_empty())
}

/// A header of the request at hand, as bytes: they need not be UTF-8.
pub fn request_header(name: &str) -> Option<Vec<u8>> {
    const REQUEST_HEADERS: u32 = 0;
    returned(|value, size| unsafe {
        proxy_get_header_map_value(REQUEST_HEADERS, name.as_ptr(), name.len(), value, size)
    })
}

/// What all VMs with this one's `vm_id` keep under `key`, and the version that
/// [`set_shared`] asks for; `None` if the host does not say.
pub fn shared(key: &[u8]) -> Option<(Option<Vec<u8>>, u32)> {
    let mut version = 0;
    let mut status = OK;
    let value = returned(|value, size| {
        status = unsafe {
            proxy_get_shared_data(key.as_ptr(), key.len(), value, size, &raw mut version)
        };
        status
    });
    matches!(status, OK | NOT_FOUND).then_some((value, version))
}

/// Replaces what is kept under `key`, if its version is still this one; says
/// whether it did.
pub fn set_shared(key: &[u8], value: &[u8], version: u32) -> bool {
    let status = unsafe {
        proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), version)
    };
    status == OK
}

/// The kinds of metric that the filter leaves.
#[derive(Clone, Copy)]
pub enum Metric {
    Counter = 0,
    Gauge = 1,
}

/// The identifier of a metric, which is made if need be.
pub fn metric(kind: Metric, name: &str) -> Option<u32> {
    let mut id = 0;
    #[expect(clippy::as_conversions, reason = "the number that the ABI gives the kind")]
    let status =
        unsafe { proxy_define_metric(kind as u32, name.as_ptr(), name.len(), &raw mut id) };
    (status == OK).then_some(id)
}

pub fn increment(metric: u32, by: i64) {
    let _ = unsafe { proxy_increment_metric(metric, by) };
}

pub fn record(metric: u32, value: u64) {
    let _ = unsafe { proxy_record_metric(metric, value) };
}

/// Has the host call `proxy_on_tick` of this root context from now on, or no
/// longer if that is every 0 milliseconds.
pub fn tick_every(milliseconds: u32) {
    let _ = unsafe { proxy_set_tick_period_milliseconds(milliseconds) };
}

/// Sends `reply` in place of the application's answer. Should the host refuse
/// it, the stream is reset: no request slips through to the application.
pub fn send(reply: &Reply) {
    // Envoy leaves a gRPC request's status to itself: UNAVAILABLE for a 503.
    const GRPC_STATUS_BY_PROXY: i32 = -1;
    const HTTP_REQUEST: u32 = 0;
    let status = unsafe {
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
    };
    if status != OK {
        let _ = unsafe { proxy_close_stream(HTTP_REQUEST) };
    }
}

/// Takes over what the host copied into memory that it got from `malloc`. It
/// asks for none to pass an empty value.
fn returned(call: impl FnOnce(*mut *mut u8, *mut usize) -> Status) -> Option<Vec<u8>> {
    let mut bytes = ptr::null_mut();
    let mut size = 0;
    if call(&raw mut bytes, &raw mut size) != OK {
        return None;
    }
    if bytes.is_null() {
        return Some(Vec::new());
    }
    // SAFETY: `malloc` made this block with exactly this layout, and the
    // host has filled it and forgotten it.
    Some(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(bytes, size)) }.into_vec())
}
