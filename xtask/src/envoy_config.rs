//! Envoy configuration for measurements: listeners that need no upstream.

use std::path::Path;

use serde_json::{Value, json};

const FILTERS: &str = "type.googleapis.com/envoy.extensions.filters";

/// Type of the filter that runs a module.
pub const WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";

/// A bootstrap with static listeners.
pub fn bootstrap(listeners: &[Value]) -> Value {
    json!({
        "node": { "id": "bench", "cluster": "bench" },
        "admin": { "address": { "socket_address": { "address": "127.0.0.1", "port_value": 0 } } },
        "static_resources": { "listeners": listeners },
    })
}

/// A listener whose only route has the fields of `response`, behind `filters`.
pub fn listener(name: &str, port: u16, filters: &[Value], response: &Value) -> Value {
    let router = json!({ "name": "router", "typed_config": {
        "@type": format!("{FILTERS}.http.router.v3.Router") } });
    let filter_chain: Vec<_> = filters.iter().cloned().chain([router]).collect();
    let mut route = response.clone();
    route["match"] = json!({ "prefix": "/" });
    json!({
        "name": name,
        "address": { "socket_address": { "address": "127.0.0.1", "port_value": port } },
        "filter_chains": [{ "filters": [{ "name": "http", "typed_config": {
            "@type": format!("{FILTERS}.network.http_connection_manager.v3.HttpConnectionManager"),
            "stat_prefix": name,
            "codec_type": "AUTO",
            "route_config": { "virtual_hosts": [
                { "name": "all", "domains": ["*"], "routes": [route] }] },
            "http_filters": filter_chain,
        } }] }],
    })
}

/// The response of the application: 200 with the body `ok`.
pub fn ok() -> Value {
    json!({ "direct_response": { "status": 200, "body": { "inline_string": "ok" } } })
}

/// A filter called `name` that runs `module` in a VM of its own.
pub fn plugin(name: &str, module: &Path, configuration: &str) -> Value {
    json!({ "name": name, "typed_config": plugin_config(name, module, configuration) })
}

/// The configuration of the filter from [`plugin`].
pub fn plugin_config(name: &str, module: &Path, configuration: &str) -> Value {
    json!({
        "@type": WASM,
        "config": {
            "name": name,
            "vm_config": {
                "vm_id": name,
                "runtime": "envoy.wasm.runtime.v8",
                "code": { "local": { "filename": module } },
            },
            "configuration": {
                "@type": "type.googleapis.com/google.protobuf.StringValue",
                "value": configuration,
            },
        },
    })
}

/// The configuration of a filter that changes nothing.
pub fn no_op_config() -> Value {
    json!({ "@type": NO_OP })
}

/// Type of the filter from [`no_op_config`].
pub const NO_OP: &str =
    "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation";
