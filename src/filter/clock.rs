//! The clock of the proxy.

use std::time::{Duration, UNIX_EPOCH};

use proxy_wasm::hostcalls;

/// Returns the time in seconds since 1970.
pub fn seconds() -> u64 {
    since_1970().as_secs()
}

/// Returns the time in nanoseconds since 1970, without the upper bits.
pub fn nanoseconds() -> u64 {
    let time = since_1970();
    time.as_secs().wrapping_mul(1_000_000_000).wrapping_add(time.subsec_nanos().into())
}

fn since_1970() -> Duration {
    // `Err` is never returned: the SDK panics on a failure, and Envoy has none.
    let time = hostcalls::get_current_time().unwrap_or(UNIX_EPOCH);
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}
