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

/// A port that nobody listens on, for a program that must be told one. The
/// kernel takes ports for listeners and for connections from two halves of its
/// range, so that a connection does not come to sit on it.
#[must_use]
pub fn port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("the port").port()
}
