//! The edge to the host: the only module that knows the proxy-wasm ABI.
//!
//! Envoy runs the plugin once in each worker and in two VMs of the main
//! thread. Each of them configures itself from the configuration bytes alone,
//! so they agree.
//!
//! Fast for reasons that do not show:
//!
//! - Envoy enters the VM for every callback that a module exports, whether it
//!   does anything or not, and an entry costs more than all that this module
//!   does in it. So [`callbacks`] exports the few that are needed. Not
//!   `proxy_on_done`: Envoy calls `proxy_on_delete` right after it.
//! - What a request hardly ever meets is `#[cold]`: its code stays out of the
//!   callbacks of a request.
//! - Envoy compiles the whole module with V8's optimizing compiler before it
//!   serves: a function that is not there is start-up time won. `postlink/`
//!   sees to what the linker leaves.

mod callbacks;
mod evidence;
mod host;
mod memory;
mod root;
mod vm;
