//! The bootstrap of the end-to-end suite: it takes every kind of request that
//! the behaviour table names. What `envoy/` ships is tested as it is.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};

use super::string_value;
use crate::plugin_wasm;

const WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
const PLUGIN: &str = "plugin.json";
const LISTENER: &str = "listener.json";

/// One filter of ours in the filter chain.
#[derive(Clone, Debug)]
pub enum Filter {
    /// The plugin with this configuration, inline.
    Inline(String),
    /// The plugin through ECDS from a watched file, which first holds this
    /// configuration, with a disabled `default_config`.
    Watched(String),
}

/// A listener with the plugin, if any, and one upstream.
pub struct Bootstrap {
    /// The upstream.
    pub upstream: SocketAddr,
    /// How many workers.
    pub workers: u32,
    /// The plugins of ours, in the order of the filter chain.
    pub filters: Vec<Filter>,
}

impl Bootstrap {
    /// The plugin with one configuration that never changes, in one worker.
    #[must_use]
    pub fn inline(upstream: SocketAddr, configuration: &str) -> Self {
        Self { upstream, workers: 1, filters: vec![Filter::Inline(configuration.into())] }
    }

    /// The plugin with a configuration that can be switched, in two workers.
    #[must_use]
    pub fn watched(upstream: SocketAddr, configuration: &str) -> Self {
        Self { upstream, workers: 2, filters: vec![Filter::Watched(configuration.into())] }
    }

    pub(super) fn render(&self, folder: &Path) -> String {
        publish_listener(folder, &self.filters, 0);
        let bootstrap = json!({
            "node": { "id": "test", "cluster": "test" },
            "admin": { "address": socket("127.0.0.1:0".parse().expect("an address")) },
            "dynamic_resources": { "lds_config": source(folder, LISTENER) },
            "static_resources": { "clusters": [cluster(self.upstream)] },
        });
        bootstrap.to_string()
    }
}

/// Gives the listener these filters of ours.
pub(super) fn publish_listener(folder: &Path, filters: &[Filter], version: u64) {
    let mut chain: Vec<Value> = Vec::new();
    for (index, filter) in filters.iter().enumerate() {
        chain.push(match filter {
            Filter::Inline(configuration) => {
                let name = format!("maintenance{index}");
                json!({ "name": name, "typed_config": plugin(&name, configuration) })
            }
            Filter::Watched(first) => {
                publish_plugin(folder, first, version);
                watched(folder)
            }
        });
    }
    chain.push(typed("router", "filters.http.router.v3.Router", &json!({})));
    let mut listener = listener(&chain);
    listener["@type"] = json!("type.googleapis.com/envoy.config.listener.v3.Listener");
    publish(folder, LISTENER, version, &listener);
}

/// Gives the watched plugin this configuration.
pub(super) fn publish_plugin(folder: &Path, configuration: &str, version: u64) -> Instant {
    let resource = json!({
        "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
        "name": "maintenance",
        "typed_config": plugin("maintenance", configuration),
    });
    publish(folder, PLUGIN, version, &resource)
}

/// The plugin as a typed extension, under a name of its own.
#[must_use]
pub fn plugin(name: &str, configuration: &str) -> Value {
    json!({
        "@type": WASM,
        "config": {
            "name": name,
            "vm_config": {
                "vm_id": "maintenance",
                "runtime": "envoy.wasm.runtime.v8",
                "code": { "local": { "filename": plugin_wasm() } },
            },
            "configuration": string_value(configuration),
        },
    })
}

/// Puts a resource in the place of a watched file, in one step.
fn publish(folder: &Path, file: &str, version: u64, resource: &Value) -> Instant {
    let response = json!({ "version_info": version.to_string(), "resources": [resource] });
    let watched = watched_folder(folder, file);
    fs::create_dir_all(&watched).expect("the watched folder");
    let next = folder.join("next");
    fs::write(&next, response.to_string()).expect("the new file");
    let moment = Instant::now();
    fs::rename(next, watched.join(file)).expect("the file renamed");
    moment
}

fn watched_folder(folder: &Path, file: &str) -> PathBuf {
    folder.join("watched").join(file.trim_end_matches(".json"))
}

fn source(folder: &Path, file: &str) -> Value {
    let watched = watched_folder(folder, file);
    json!({
        "resource_api_version": "V3",
        "path_config_source": {
            "path": watched.join(file),
            "watched_directory": { "path": watched },
        },
    })
}

fn watched(folder: &Path) -> Value {
    json!({
        "name": "maintenance",
        "config_discovery": {
            "type_urls": [WASM],
            "default_config": plugin("maintenance", r#"{"enabled": false}"#),
            "config_source": source(folder, PLUGIN),
        },
    })
}

fn listener(filters: &[Value]) -> Value {
    let log = "access %RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %RESP(RETRY-AFTER)%\n";
    let routes = json!([
        { "match": { "connect_matcher": {} }, "route": { "cluster": "application" } },
        { "match": { "prefix": "/" }, "route": { "cluster": "application", "timeout": "0s" } },
    ]);
    let manager = json!({
        "stat_prefix": "proxy",
        "access_log": [typed("log", "access_loggers.stream.v3.StdoutAccessLog", &json!({
            "log_format": { "text_format_source": { "inline_string": log } },
        }))],
        "http2_protocol_options": { "allow_connect": true },
        "upgrade_configs": [{ "upgrade_type": "websocket" }, { "upgrade_type": "CONNECT" }],
        "route_config": { "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": routes }] },
        "http_filters": filters,
    });
    let manager = typed(
        "manager",
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        &manager,
    );
    json!({
        "name": "proxy",
        "address": socket("127.0.0.1:0".parse().expect("an address")),
        "filter_chains": [{ "filters": [manager] }],
    })
}

fn cluster(upstream: SocketAddr) -> Value {
    let endpoint = json!({ "endpoint": { "address": socket(upstream) } });
    let options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    json!({
        "name": "application",
        "load_assignment": {
            "cluster_name": "application",
            "endpoints": [{ "lb_endpoints": [endpoint] }],
        },
        "typed_extension_protocol_options": {
            options: {
                "@type": format!("type.googleapis.com/{options}"),
                "use_downstream_protocol_config": { "http2_protocol_options": {} },
            },
        },
    })
}

fn socket(address: SocketAddr) -> Value {
    json!({
        "socket_address": { "address": address.ip(), "port_value": address.port() },
    })
}

fn typed(name: &str, kind: &str, fields: &Value) -> Value {
    let mut config = fields.clone();
    config["@type"] = json!(format!("type.googleapis.com/envoy.extensions.{kind}"));
    json!({ "name": name, "typed_config": config })
}
