//! The behaviour that design and README promise, in a real Envoy.
//!
//! `ENVOY` names the binary, `PLUGIN_WASM` the module (`dist/plugin.wasm`).

mod behaviour;
mod counters;
mod evidence;
mod kinds;
mod odd_requests;
mod privacy;
mod raw;
mod refusals;
mod replies;
mod shipped;
mod support;
mod switching;
