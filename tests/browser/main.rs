//! Tests of the replies in a real browser: a headless Chromium in front of a real Envoy.
//!
//! `make test-browser` sets `ENVOY`, the path of the Envoy binary, and `AXE`, the path of
//! the script of axe-core. `PLUGIN_WASM` is the path of the module, by default
//! `dist/plugin.wasm`. The suite needs `chromedriver` on the `PATH`, and the Chromium that
//! it belongs to.

mod accessibility;
mod browser;
mod content_security;
mod cors;
mod framing;
mod page;
mod screenshots;
mod service;
