//! pilot-agent and the Envoy it starts, run as in a pod but without a pod.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use harness::client::{self, Client, Http, request};
use harness::envoy::Admin;
use harness::port;
use harness::process::Process;
use harness::wait::eventually;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::control_plane::ControlPlane;
use crate::kubectl::Kubectl;

const START_TIMEOUT: Duration = Duration::from_secs(60);

/// Environment variable that makes Envoy count retries. Istio turns most statistics
/// of Envoy off.
pub const RETRY_STATISTICS: (&str, &str) = (
    "ISTIO_METAJSON_STATISTICS",
    r#"{"ANNOTATIONS": {"sidecar.istio.io/statsInclusionSuffixes": "upstream_rq_retry"}}"#,
);

/// Identity and settings of a proxy.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Pod name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Proxy type: `sidecar`, `router` for a gateway, or `waypoint`.
    pub role: &'static str,
    /// Pod labels.
    pub labels: Value,
    /// Additional environment variables of the agent.
    pub environment: Vec<(&'static str, &'static str)>,
    /// Seconds for which a replaced listener drains. Istio's default is 45.
    pub drain_seconds: u32,
}

/// Files that the kubelet would mount for a service account.
#[derive(Clone, Debug)]
pub struct Credentials {
    token: String,
    root_certificate: String,
}

impl Credentials {
    /// Fetches the credentials of the default service account of a namespace.
    pub fn fetch(kubectl: &Kubectl, namespace: &str) -> Self {
        let token = ["create", "token", "default", "-n", namespace, "--audience", "istio-ca"];
        let path = "jsonpath={.data.root-cert\\.pem}";
        let root = ["get", "configmap", "istio-ca-root-cert", "-n", namespace, "-o", path];
        Self { token: kubectl.run(&token).trim().into(), root_certificate: kubectl.run(&root) }
    }

    /// Writes the files to where the agent expects them below its working folder.
    fn write(&self, folder: &Path) {
        let secrets = folder.join("var/run/secrets");
        fs::create_dir_all(secrets.join("tokens")).expect("a folder");
        fs::create_dir_all(secrets.join("istio")).expect("a folder");
        fs::write(secrets.join("tokens/istio-token"), &self.token).expect("the token");
        fs::write(secrets.join("istio/root-cert.pem"), &self.root_certificate)
            .expect("the certificate");
    }
}

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
        let mut command = in_mount_namespace(&plane.tools().path("pilot-agent"));
        command
            .current_dir(folder.path())
            .envs(identity.environment.iter().copied())
            .args(["proxy", identity.role, "--domain"])
            .arg(format!("{}.svc.cluster.local", identity.namespace))
            .envs([
                ("POD_NAME", identity.name.as_str()),
                ("POD_NAMESPACE", &identity.namespace),
                ("INSTANCE_IP", "127.0.0.1"),
                ("SERVICE_ACCOUNT", "default"),
                ("ISTIO_META_INTERCEPTION_MODE", "NONE"),
                ("ISTIO_META_CLUSTER_ID", "Kubernetes"),
                ("ISTIO_METAJSON_LABELS", &identity.labels.to_string()),
                ("WASM_INSECURE_REGISTRIES", "*"),
                ("CA_ADDR", &plane.istiod().discovery_address()),
                ("ENVOY_PROMETHEUS_PORT", &port().to_string()),
                ("ENVOY_STATUS_PORT", &port().to_string()),
                ("PROXY_CONFIG", &proxy_config(plane, identity, folder.path(), [admin, status])),
            ])
            .env("ISTIO_BOOTSTRAP", write_bootstrap(plane, folder.path()));
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

/// Command that runs a program in its own mount namespace.
///
/// The agent caches modules in the fixed folder `/var/lib/istio/data`. In a pod
/// the folder is private. Here each agent gets its own in-memory file system, which
/// is so small that a test can fill it.
fn in_mount_namespace(program: &Path) -> Command {
    const SETUP: &str =
        "mount -t tmpfs -o size=16m none /var/lib && mkdir -p /var/lib/istio/data && exec \"$@\"";
    let mut command = Command::new("unshare");
    if !nix::unistd::geteuid().is_root() {
        command.arg("--map-root-user");
    }
    command.args(["--mount", "sh", "-c", SETUP, "sh"]).arg(program);
    command
}

/// Writes Istio's bootstrap template with two changes. The metrics and health
/// listeners bind to loopback, and an extension that stock Envoy lacks is
/// removed.
fn write_bootstrap(plane: &ControlPlane, folder: &Path) -> PathBuf {
    let text = fs::read_to_string(plane.tools().path("envoy_bootstrap.json")).expect("a template");
    let text = text.replace("{{ .wildcard }}", "{{ .localhost }}");
    let text = text.replace("{{- if .metadata_discovery }}", "{{- if false }}");
    let file = folder.join("bootstrap.json");
    fs::write(&file, text).expect("the bootstrap");
    file
}

/// Value of `PROXY_CONFIG`.
fn proxy_config(
    plane: &ControlPlane,
    identity: &Identity,
    folder: &Path,
    [admin, status]: [u16; 2],
) -> String {
    json!({
        "binaryPath": plane.tools().envoy(),
        "configPath": folder.join("envoy"),
        "discoveryAddress": plane.istiod().discovery_address(),
        "concurrency": 2,
        "proxyAdminPort": admin,
        "statusPort": status,
        "drainDuration": format!("{}s", identity.drain_seconds),
        "terminationDrainDuration": "1s",
    })
    .to_string()
}
