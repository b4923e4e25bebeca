//! The Envoys that get hostile requests.

use std::net::SocketAddr;
use std::time::Duration;

use harness::envoy::{EnvoyProcess, Launcher};
use harness::wait::eventually;
use harness::{plugin_wasm, port};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::memory::Memory;
use crate::envoy_config;
use crate::variants::BODY;

/// Every field that makes the filter read headers of a request. No request is exempt
/// and none carries a token that is accepted.
const CONFIGURATION: &str = r#"{
    "enabled": true,
    "retryAfterJitterSeconds": 30,
    "exemptions": [{"path": "/exempt"}, {"pathPrefix": "/exempt/"}],
    "bypass": {
        "header": "x-token",
        "sha256": ["0000000000000000000000000000000000000000000000000000000000000000"]
    },
    "response": {
        "html": "<!doctype html><title>Maintenance</title>",
        "corsOrigins": ["https://a.example"],
        "grpcRetryPushback": "RetryAfter"
    }
}"#;
/// Option of both protocols: an invalid message does not close the connection.
const KEEP: &str = "override_stream_error_on_invalid_http_message";
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// An Envoy that gets hostile requests.
pub struct Proxy {
    pub envoy: EnvoyProcess,
    pub address: SocketAddr,
}

impl Proxy {
    /// Starts an Envoy in front of `upstream`, whose service is in maintenance.
    pub async fn with_filter(upstream: SocketAddr) -> Self {
        let filter = envoy_config::plugin("maintenance", &plugin_wasm(), CONFIGURATION);
        let route = json!({ "route": { "cluster": "application" } });
        Self::start(&[filter], &route, &[cluster(upstream)]).await
    }

    /// Starts an Envoy whose route answers 503.
    pub async fn without_filter() -> Self {
        let body = json!({ "inline_string": BODY });
        let route = json!({ "direct_response": { "status": 503, "body": body } });
        Self::start(&[], &route, &[]).await
    }

    async fn start(filters: &[Value], route: &Value, clusters: &[Value]) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], port()));
        let listener = listener(address.port(), filters, route);
        let mut bootstrap = envoy_config::bootstrap(&[listener]);
        bootstrap["static_resources"]["clusters"] = json!(clusters);
        let folder = TempDir::new().expect("a temporary folder");
        let envoy = Launcher::default().start(folder, &bootstrap.to_string()).await;
        Self { envoy, address }
    }

    /// Waits until every connection is closed.
    pub async fn wait_until_idle(&self) {
        let idle = async || (self.stat("downstream_cx_active").await == 0).then_some(());
        eventually("every connection is closed", IDLE_TIMEOUT, idle).await;
    }

    /// Requests that Envoy has decoded, and how many of them it answered with 5xx.
    pub async fn requests(&self) -> [u64; 2] {
        [self.stat("downstream_rq_total").await, self.stat("downstream_rq_5xx").await]
    }

    pub async fn memory(&self) -> Memory {
        Memory::of(&self.envoy).await
    }

    /// Counters of Envoy and of the filter for requests, and for errors in the protocols.
    pub async fn counters(&self) -> String {
        let counters = self.envoy.admin().text("/stats?usedonly&type=Counters").await;
        let is_shown = |line: &&str| {
            ["http1.", "http2.", "http.hostile.", "wasmcustom."]
                .iter()
                .any(|prefix| line.starts_with(prefix))
        };
        counters.lines().filter(is_shown).collect::<Vec<_>>().join("\n")
    }

    async fn stat(&self, name: &str) -> u64 {
        self.envoy.admin().stat(&format!("http.hostile.{name}")).await.unwrap_or_default()
    }
}

/// A listener that accepts all that Envoy can be told to accept.
fn listener(port: u16, filters: &[Value], route: &Value) -> Value {
    let mut listener = envoy_config::listener("hostile", port, filters, route);
    let manager = &mut listener["filter_chains"][0]["filters"][0]["typed_config"];
    manager["upgrade_configs"] =
        json!([{ "upgrade_type": "websocket" }, { "upgrade_type": "CONNECT" }]);
    manager["http2_protocol_options"] = json!({ "allow_connect": true, KEEP: true });
    manager["http_protocol_options"] = json!({
        "accept_http_10": true,
        "allow_chunked_length": true,
        "enable_trailers": true,
        KEEP: true,
    });
    manager["delayed_close_timeout"] = json!("0s");
    listener
}

fn cluster(upstream: SocketAddr) -> Value {
    let address = json!({ "address": upstream.ip(), "port_value": upstream.port() });
    let endpoint = json!({ "endpoint": { "address": { "socket_address": address } } });
    let endpoints = json!([{ "lb_endpoints": [endpoint] }]);
    let assignment = json!({ "cluster_name": "application", "endpoints": endpoints });
    json!({ "name": "application", "load_assignment": assignment })
}
