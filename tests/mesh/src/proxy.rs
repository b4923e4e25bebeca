//! pilot-agent and the Envoy it starts, run as in a pod but without a pod.

mod agent;
mod identity;

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use harness::client::{self, Client, Http, request};
use harness::envoy::Admin;
use harness::port;
use harness::process::Process;
use harness::wait::eventually;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::control_plane::ControlPlane;

pub use self::identity::{Credentials, Identity, RETRY_STATISTICS};

const START_TIMEOUT: Duration = Duration::from_secs(60);

/// Running proxy. Dropping it stops the agent, which stops Envoy.
pub struct Proxy {
    agent: Process,
    admin: Admin,
    admin_address: SocketAddr,
    status: SocketAddr,
    _folder: TempDir,
}

impl Proxy {
    /// Starts a proxy and waits until it is ready.
    pub async fn start(plane: &ControlPlane, identity: &Identity) -> Self {
        let proxy = Self::launch(plane, identity);
        proxy.wait_until_ready().await;
        proxy
    }

    /// Starts a proxy without waiting for it.
    pub fn launch(plane: &ControlPlane, identity: &Identity) -> Self {
        let credentials = Credentials::fetch(plane.kubectl(), &identity.namespace);
        Self::launch_with(plane, identity, &credentials)
    }

    /// Starts a proxy with credentials that have been fetched, without waiting for it.
    pub fn launch_with(
        plane: &ControlPlane,
        identity: &Identity,
        credentials: &Credentials,
    ) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        credentials.write(folder.path());
        let (admin, status) = (port(), port());
        let mut command = agent::command(plane, identity, folder.path(), [admin, status]);
        let log = folder.path().join("agent.log");
        let agent = Process::spawn(&identity.name, &mut command, &log);
        let loopback = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let (admin_address, status) = (loopback(admin), loopback(status));
        Self { agent, admin: Admin::at(admin_address), admin_address, status, _folder: folder }
    }

    /// Process of the agent, whose child is Envoy.
    pub fn agent(&self) -> &Process {
        &self.agent
    }

    /// Process identifier of Envoy; `None` while the agent has not started it.
    pub fn envoy_id(&self) -> Option<i32> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.agent.id())).ok()?;
        let first_child = |thread: fs::DirEntry| {
            let children = fs::read_to_string(thread.path().join("children")).ok()?;
            children.split_whitespace().next()?.parse().ok()
        };
        threads.flatten().find_map(first_child)
    }

    /// Folder in which the agent keeps modules. It is seen through the agent, because
    /// it is mounted in the agent's namespace alone.
    pub fn module_folder(&self) -> PathBuf {
        format!("/proc/{}/root/var/lib/istio/data", self.agent.id()).into()
    }

    /// Address of Envoy's admin interface.
    pub fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }

    /// Address at which the agent serves health checks and merged metrics.
    pub fn status(&self) -> SocketAddr {
        self.status
    }

    /// Everything the agent and Envoy have printed, including the access log.
    pub fn log(&self) -> String {
        self.agent.log()
    }

    /// Merged metrics of the agent, Envoy and the application, as the mesh's
    /// Prometheus scrapes them.
    pub async fn metrics(&self) -> String {
        let answer = client::get(self.status, "/stats/prometheus").await;
        String::from_utf8(answer.body.to_vec()).expect("text")
    }

    /// Waits until the agent reports the proxy as ready.
    pub async fn wait_until_ready(&self) {
        eventually("the proxy is ready", START_TIMEOUT, async || {
            self.is_ready().await.then_some(())
        })
        .await;
    }

    /// Returns whether the agent's readiness probe succeeds.
    pub async fn is_ready(&self) -> bool {
        let Ok(mut client) = Client::connect(self.status, Http::One).await else { return false };
        let answer = client.send(request("GET", "/healthz/ready")).await;
        answer.is_ok_and(|answer| answer.status == 200)
    }

    /// Number of requests to other services that the proxy has sent again. The agent
    /// needs [`RETRY_STATISTICS`] in its environment.
    pub async fn retries(&self) -> u64 {
        let lines = self.admin.text("/stats?filter=upstream_rq_retry$").await;
        lines.lines().filter_map(|line| line.rsplit_once(": ")?.1.parse::<u64>().ok()).sum()
    }

    /// Returns whether the proxy is connected to istiod through its agent.
    pub async fn is_connected(&self) -> bool {
        self.admin.stat("control_plane.connected_state").await == Some(1)
    }

    /// Returns whether a replaced listener or filter chain is draining.
    pub async fn is_draining(&self) -> bool {
        let mut count = 0;
        for resource in ["listeners", "filter_chains"] {
            let stat = format!("listener_manager.total_{resource}_draining");
            count += self.admin.stat(&stat).await.unwrap_or_default();
        }
        count > 0
    }

    /// Names of the HTTP filters of the listener on `port`, in order.
    pub async fn filters(&self, port: u16) -> Vec<String> {
        let dump = self.admin.text("/config_dump?resource=dynamic_listeners").await;
        let dump: Value = serde_json::from_str(&dump).expect("a configuration dump in JSON");
        let listeners = dump["configs"].as_array().cloned().unwrap_or_default();
        let is_on_port = |listener: &&Value| {
            let address = &listener["active_state"]["listener"]["address"]["socket_address"];
            address["port_value"] == json!(port)
        };
        let listener = listeners.iter().find(is_on_port).cloned().unwrap_or_default();
        let mut names = Vec::new();
        collect_http_filters(&listener, &mut names);
        names
    }
}

/// Appends the names of all HTTP filters in a JSON tree.
fn collect_http_filters(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for filter in fields.get("http_filters").and_then(Value::as_array).into_iter().flatten()
            {
                names.push(filter["name"].as_str().unwrap_or_default().into());
            }
            fields.values().for_each(|value| collect_http_filters(value, names));
        }
        Value::Array(values) => values.iter().for_each(|value| collect_http_filters(value, names)),
        _ => {}
    }
}
