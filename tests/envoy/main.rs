//! End-to-end tests of the documented behaviour in a real Envoy.
//!
//! `ENVOY` is the path of the Envoy binary. `PLUGIN_WASM` is the path of the
//! module, by default `dist/plugin.wasm`.

mod behaviour;
mod browser;
mod bypass;
mod counters;
mod dry_run;
mod evidence;
mod jitter;
mod odd_requests;
mod privacy;
mod protocols;
mod raw;
mod refusals;
mod replies;
mod scope;
mod shipped;
mod support;
mod switching;
mod window;
