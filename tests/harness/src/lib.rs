//! What the suites that run a real proxy share: processes that end with their
//! test, waiting on a condition, an upstream that counts, and HTTP clients.

#![allow(clippy::missing_panics_doc, reason = "a test that cannot go on panics and says why")]

pub mod client;
pub mod container;
pub mod envoy;
pub mod load;
pub mod process;
pub mod upstream;
pub mod wait;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// The root of the repository.
#[must_use]
pub fn repository() -> &'static Path {
    const HARNESS: &str = env!("CARGO_MANIFEST_DIR");
    Path::new(HARNESS).ancestors().nth(2).expect("the harness lives in tests/harness")
}

/// The built module: `PLUGIN_WASM`, or what `make build` leaves.
#[must_use]
pub fn plugin_wasm() -> PathBuf {
    let default = || repository().join("dist/plugin.wasm");
    let path = std::env::var_os("PLUGIN_WASM").map_or_else(default, PathBuf::from);
    path.canonicalize()
        .unwrap_or_else(|_| panic!("no module at {}: run `make build`", path.display()))
}

/// A port that nobody listens on, for a program that must be told one. It is
/// below the range from which Linux gives ports to all who ask for any, so
/// that nobody comes to sit on it before the program does.
#[must_use]
pub fn port() -> u16 {
    const FIRST: u32 = 16_384;
    const COUNT: u32 = 16_384;
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    // Processes that run side by side begin far apart.
    let begin = std::process::id().wrapping_mul(1_009);
    let next = || {
        let number = begin.wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed));
        u16::try_from(FIRST + number % COUNT).expect("a port")
    };
    (0..COUNT)
        .map(|_| next())
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port")
}
