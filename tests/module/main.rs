//! The shipped module in an interpreter that counts instructions. The counts
//! are exact, so they may fail a build; `make bench` measures time.
//!
//! `PLUGIN_WASM` names another module than `dist/plugin.wasm`.

mod callbacks;
mod costs;
mod event;
mod host;
mod hostile;
mod imports;
mod jitter;
mod odd_orders;
mod plugin;
mod statuses;
mod window;
