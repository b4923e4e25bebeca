//! The module that is shipped, in an interpreter that counts: what one request
//! costs, to the instruction. Exact, so these may fail a build; what it takes
//! in time is `make bench`'s to say.
//!
//! `PLUGIN_WASM` names another module than `dist/plugin.wasm`.

mod callbacks;
mod costs;
mod host;
mod imports;
mod plugin;
