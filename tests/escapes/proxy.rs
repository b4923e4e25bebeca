//! Envoy with one listener for each way to normalize a path. A request names its
//! upstream in a header.

use std::net::SocketAddr;

use harness::envoy::{EnvoyProcess, Launcher, plugin};
use harness::port;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::upstreams::Upstream;

/// Header that names the upstream of a request.
pub const UPSTREAM_HEADER: &str = "x-upstream";

/// A way to normalize a path.
pub struct Normalization {
    /// Name in the table.
    pub name: &'static str,
    normalize_path: bool,
    merge_slashes: bool,
    escaped_slashes: &'static str,
}

/// The way of Envoy's defaults, and two of Istio's `pathNormalization`.
pub const NORMALIZATIONS: [Normalization; 3] = [
    Normalization {
        name: "none",
        normalize_path: false,
        merge_slashes: false,
        escaped_slashes: "KEEP_UNCHANGED",
    },
    Normalization {
        name: "`BASE`",
        normalize_path: true,
        merge_slashes: false,
        escaped_slashes: "KEEP_UNCHANGED",
    },
    Normalization {
        name: "`DECODE_AND_MERGE_SLASHES`",
        normalize_path: true,
        merge_slashes: true,
        escaped_slashes: "UNESCAPE_AND_FORWARD",
    },
];

/// Running Envoy.
pub struct Proxy {
    /// Addresses of the listeners, in the order of [`NORMALIZATIONS`].
    pub listeners: [SocketAddr; NORMALIZATIONS.len()],
    _process: EnvoyProcess,
}

impl Proxy {
    /// Starts Envoy in front of `upstreams`, with the plugin in every listener.
    pub async fn start(upstreams: &[Upstream], configuration: &str) -> Self {
        let listeners =
            NORMALIZATIONS.each_ref().map(|_| SocketAddr::from(([127, 0, 0, 1], port())));
        let configs: Vec<_> = NORMALIZATIONS
            .iter()
            .zip(listeners)
            .map(|(normalization, address)| listener(address, normalization, configuration))
            .collect();
        let bootstrap = json!({
            "node": { "id": "test", "cluster": "test" },
            "admin": { "address": socket(([127, 0, 0, 1], 0).into()) },
            "static_resources": {
                "listeners": configs,
                "clusters": upstreams.iter().map(cluster).collect::<Vec<_>>(),
            },
        });
        let folder = TempDir::new().expect("a temporary folder");
        let process = Launcher::default().start(folder, &bootstrap.to_string()).await;
        Self { listeners, _process: process }
    }
}

fn listener(address: SocketAddr, normalization: &Normalization, configuration: &str) -> Value {
    let routes =
        json!([{ "match": { "prefix": "/" }, "route": { "cluster_header": UPSTREAM_HEADER } }]);
    let filters = json!([
        { "name": "maintenance", "typed_config": plugin("maintenance", configuration) },
        { "name": "router", "typed_config": { "@type": extension("filters.http.router.v3.Router") } },
    ]);
    let manager = json!({
        "@type": extension("filters.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": "proxy",
        // A refused request would take a second longer.
        "delayed_close_timeout": "0s",
        "normalize_path": normalization.normalize_path,
        "merge_slashes": normalization.merge_slashes,
        "path_with_escaped_slashes_action": normalization.escaped_slashes,
        "route_config": { "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": routes }] },
        "http_filters": filters,
    });
    json!({
        "name": address.to_string(),
        "address": socket(address),
        "filter_chains": [{ "filters": [{ "name": "manager", "typed_config": manager }] }],
    })
}

fn cluster(upstream: &Upstream) -> Value {
    let endpoint = json!({ "endpoint": { "address": socket(upstream.address) } });
    json!({
        "name": upstream.name,
        "load_assignment": {
            "cluster_name": upstream.name,
            "endpoints": [{ "lb_endpoints": [endpoint] }],
        },
    })
}

fn socket(address: SocketAddr) -> Value {
    json!({ "socket_address": { "address": address.ip(), "port_value": address.port() } })
}

fn extension(name: &str) -> String {
    format!("type.googleapis.com/envoy.extensions.{name}")
}
