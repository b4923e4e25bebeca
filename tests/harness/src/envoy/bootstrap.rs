//! Bootstrap of the end-to-end suite. It accepts every kind of request in the
//! behaviour table. The bootstraps shipped in `envoy/` are tested separately.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};

use super::string_value;
use crate::plugin_wasm;

const WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
const PLUGIN_FILE: &str = "plugin.json";
const LISTENER_FILE: &str = "listener.json";

/// Instance of the plugin in the filter chain.
#[derive(Clone, Debug)]
pub enum Filter {
    /// Plugin with an inline configuration.
    Inline(String),
    /// Plugin configured through ECDS from a watched file with this initial
    /// content. Its `default_config` is disabled.
    Watched(String),
}

/// Bootstrap with one listener and one upstream.
pub struct Bootstrap {
    /// Address of the upstream.
    pub upstream: SocketAddr,
    /// Number of worker threads.
    pub workers: u32,
    /// Instances of the plugin, in the order of the filter chain.
    pub filters: Vec<Filter>,
}

impl Bootstrap {
    /// Bootstrap with one worker and a plugin configuration that never changes.
    #[must_use]
    pub fn inline(upstream: SocketAddr, configuration: &str) -> Self {
        Self { upstream, workers: 1, filters: vec![Filter::Inline(configuration.into())] }
    }

    /// Bootstrap with two workers and a plugin configuration that can be changed
    /// at run time.
    #[must_use]
    pub fn watched(upstream: SocketAddr, configuration: &str) -> Self {
        Self { upstream, workers: 2, filters: vec![Filter::Watched(configuration.into())] }
    }

    pub(super) fn render(&self, folder: &Path) -> String {
        publish_listener(folder, &self.filters, 0);
        let bootstrap = json!({
            "node": { "id": "test", "cluster": "test" },
            "admin": { "address": socket("127.0.0.1:0".parse().expect("an address")) },
            "dynamic_resources": { "lds_config": watched_source(folder, LISTENER_FILE) },
            "static_resources": { "clusters": [cluster(self.upstream)] },
        });
        bootstrap.to_string()
    }
}

/// Publishes the listener with these instances of the plugin.
pub(super) fn publish_listener(folder: &Path, filters: &[Filter], version: u64) {
    let mut chain: Vec<Value> = Vec::new();
    for (index, filter) in filters.iter().enumerate() {
        chain.push(match filter {
            Filter::Inline(configuration) => {
                let name = format!("maintenance{index}");
                json!({ "name": name, "typed_config": plugin(&name, configuration) })
            }
            Filter::Watched(initial) => {
                publish_plugin(folder, initial, version);
                watched_filter(folder)
            }
        });
    }
    chain.push(typed("router", "filters.http.router.v3.Router", &json!({})));
    let mut listener = listener(&chain);
    listener["@type"] = json!("type.googleapis.com/envoy.config.listener.v3.Listener");
    publish(folder, LISTENER_FILE, version, &listener);
}

/// Publishes a configuration of the watched plugin.
pub(super) fn publish_plugin(folder: &Path, configuration: &str, version: u64) -> Instant {
    let resource = json!({
        "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
        "name": "maintenance",
        "typed_config": plugin("maintenance", configuration),
    });
    publish(folder, PLUGIN_FILE, version, &resource)
}

/// Typed configuration of the Wasm filter under the given plugin name.
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

/// Replaces a watched file atomically with a discovery response that holds
/// `resource`. Returns the time immediately before the rename.
fn publish(folder: &Path, file: &str, version: u64, resource: &Value) -> Instant {
    let response = json!({ "version_info": version.to_string(), "resources": [resource] });
    let watched = watched_folder(folder, file);
    fs::create_dir_all(&watched).expect("the watched folder");
    let next = folder.join("next");
    fs::write(&next, response.to_string()).expect("the new file");
    let before_rename = Instant::now();
    fs::rename(next, watched.join(file)).expect("the file renamed");
    before_rename
}

fn watched_folder(folder: &Path, file: &str) -> PathBuf {
    folder.join("watched").join(file.trim_end_matches(".json"))
}

fn watched_source(folder: &Path, file: &str) -> Value {
    let watched = watched_folder(folder, file);
    json!({
        "resource_api_version": "V3",
        "path_config_source": {
            "path": watched.join(file),
            "watched_directory": { "path": watched },
        },
    })
}

fn watched_filter(folder: &Path) -> Value {
    json!({
        "name": "maintenance",
        "config_discovery": {
            "type_urls": [WASM],
            "default_config": plugin("maintenance", r#"{"enabled": false}"#),
            "config_source": watched_source(folder, PLUGIN_FILE),
        },
    })
}

fn listener(filters: &[Value]) -> Value {
    let log_format = "access %RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %RESP(RETRY-AFTER)%\n";
    let routes = json!([
        { "match": { "connect_matcher": {} }, "route": { "cluster": "application" } },
        { "match": { "prefix": "/" }, "route": { "cluster": "application", "timeout": "0s" } },
    ]);
    let manager = json!({
        "stat_prefix": "proxy",
        "access_log": [typed("log", "access_loggers.stream.v3.StdoutAccessLog", &json!({
            "log_format": { "text_format_source": { "inline_string": log_format } },
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

fn typed(name: &str, message_type: &str, fields: &Value) -> Value {
    let mut config = fields.clone();
    config["@type"] = json!(format!("type.googleapis.com/envoy.extensions.{message_type}"));
    json!({ "name": name, "typed_config": config })
}
