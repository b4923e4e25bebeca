//! Test support for the suites that run a real proxy: child processes that end
//! with their test, waiting on a condition, a counting upstream, and HTTP
//! clients.

#![allow(clippy::missing_panics_doc, reason = "a failed step panics, which fails the test")]

pub mod client;
pub mod container;
pub mod envoy;
pub mod http2;
pub mod load;
pub mod markdown;
pub mod process;
pub mod prometheus;
pub mod upstream;
pub mod wait;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Root folder of the repository.
#[must_use]
pub fn repository() -> &'static Path {
    const HARNESS: &str = env!("CARGO_MANIFEST_DIR");
    Path::new(HARNESS).ancestors().nth(2).expect("the harness lives in tests/harness")
}

/// Path of the built module: `PLUGIN_WASM`, or the output of `make build`.
#[must_use]
pub fn plugin_wasm() -> PathBuf {
    let default = || repository().join("dist/plugin.wasm");
    let path = std::env::var_os("PLUGIN_WASM").map_or_else(default, PathBuf::from);
    path.canonicalize()
        .unwrap_or_else(|_| panic!("no module at {}: run `make build`", path.display()))
}

/// Unused port, for a program that cannot bind port 0 and report its choice.
///
/// The port is below Linux's ephemeral range. The kernel therefore never gives
/// it to another process between this call and the program's bind.
#[must_use]
pub fn port() -> u16 {
    const FIRST: u32 = 16_384;
    const COUNT: u32 = 16_384;
    static NEXT_OFFSET: AtomicU32 = AtomicU32::new(0);
    // Test processes that run in parallel start far apart.
    let start = std::process::id().wrapping_mul(1_009);
    let next = || {
        let number = start.wrapping_add(NEXT_OFFSET.fetch_add(1, Ordering::Relaxed));
        u16::try_from(FIRST + number % COUNT).expect("a port")
    };
    (0..COUNT)
        .map(|_| next())
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port")
}
