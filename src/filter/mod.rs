//! The edge to the host: the only module that names `proxy_wasm`.
//!
//! Envoy runs the plugin once in each worker and in two VMs of the main
//! thread. Each of them configures itself from the configuration bytes alone,
//! so they agree.

mod evidence;
mod host;
mod root;
mod stream;

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|id| Box::new(root::Root::new(id)));
}}
