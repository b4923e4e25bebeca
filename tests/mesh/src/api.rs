//! Kubernetes API: etcd and kube-apiserver.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use harness::port;
use harness::wait::eventually;
use tempfile::TempDir;

use crate::daemon::Daemon;
use crate::kubectl::Kubectl;
use crate::tools::Tools;

const START_TIMEOUT: Duration = Duration::from_secs(90);
const TOKEN: &str = "the-suite";
/// Private key that signs the tokens of service accounts, beside the kubeconfig.
pub const SERVICE_ACCOUNT_KEY: &str = "service-accounts.key";
/// Certificate of the API server, which is its own authority, beside the kubeconfig.
pub const CERTIFICATE: &str = "certs/apiserver.crt";

/// Address of the API server, and additional arguments for it.
pub struct Settings<'a> {
    /// Address to bind to.
    pub bind: IpAddr,
    /// Address for clients.
    pub address: IpAddr,
    /// Range of the addresses of Services.
    pub services: &'a str,
    /// Additional arguments.
    pub arguments: &'a [&'a str],
}

/// Settings for an API server without a node.
const LOOPBACK: Settings<'static> = Settings {
    bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
    address: IpAddr::V4(Ipv4Addr::LOCALHOST),
    services: "10.0.0.0/24",
    // This plugin waits for accounts that a controller creates. None runs there.
    arguments: &["--disable-admission-plugins", "ServiceAccount"],
};

/// Running Kubernetes API.
pub struct Api {
    // Fields drop in this order: each client before the server it uses.
    apiserver: Daemon,
    etcd: Daemon,
    kubectl: Kubectl,
    _folder: TempDir,
}

impl Api {
    /// Starts the API on loopback with the resource types of Istio and the Gateway
    /// API.
    pub async fn start(tools: &Tools) -> Self {
        Self::start_with(tools, &[]).await
    }

    /// Starts the API as [`Self::start`] does, with additional arguments for the API
    /// server.
    pub async fn start_with(tools: &Tools, arguments: &[&str]) -> Self {
        let arguments = &[LOOPBACK.arguments, arguments].concat();
        let api = Self::launch(tools, &Settings { arguments, ..LOOPBACK }).await;
        for file in ["istio-crds.yaml", "gateway-crds.yaml"] {
            let file = tools.path(file).display().to_string();
            api.kubectl.run(&["apply", "--server-side", "-f", &file]);
        }
        api.kubectl.run(&["wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"]);
        api
    }

    /// Starts etcd and the API server, and waits until they serve.
    pub async fn launch(tools: &Tools, settings: &Settings<'_>) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let (etcd, etcd_url) = etcd(tools, folder.path());
        let (apiserver, secure_port) = apiserver(tools, settings, folder.path(), &etcd_url);
        let kubectl = Kubectl::new(
            tools.path("kubectl"),
            kubeconfig(folder.path(), settings.address, secure_port),
        );
        let api = Self { apiserver, etcd, kubectl, _folder: folder };
        api.wait_until_ready().await;
        api
    }

    /// Waits until the API server is ready.
    pub async fn wait_until_ready(&self) {
        let ready = async || self.kubectl.try_run(&["get", "--raw", "/readyz"]).ok();
        eventually("the API server is ready", START_TIMEOUT, ready).await;
    }

    pub fn apiserver_mut(&mut self) -> &mut Daemon {
        &mut self.apiserver
    }

    pub fn etcd_mut(&mut self) -> &mut Daemon {
        &mut self.etcd
    }

    pub fn kubectl(&self) -> &Kubectl {
        &self.kubectl
    }
}

/// Starts etcd. Returns the process and the URL for clients.
fn etcd(tools: &Tools, folder: &Path) -> (Daemon, String) {
    let [client_url, peer_url] = [port(), port()].map(|port| format!("http://127.0.0.1:{port}"));
    let mut command = Command::new(tools.path("etcd"));
    command
        .arg("--data-dir")
        .arg(folder.join("etcd"))
        .args(["--listen-client-urls", &client_url, "--advertise-client-urls", &client_url])
        .args(["--listen-peer-urls", &peer_url, "--initial-advertise-peer-urls", &peer_url])
        .args(["--initial-cluster", &format!("default={peer_url}"), "--unsafe-no-fsync"]);
    (Daemon::start("etcd", command, folder.join("etcd.log")), client_url)
}

/// Starts kube-apiserver. Returns the process and its port.
fn apiserver(tools: &Tools, settings: &Settings<'_>, folder: &Path, etcd: &str) -> (Daemon, u16) {
    let secure_port = port();
    let key = folder.join(SERVICE_ACCOUNT_KEY);
    let generated = Command::new("openssl").args(["genrsa", "-out"]).arg(&key).output();
    assert!(generated.expect("openssl runs").status.success(), "no key for service accounts");
    let tokens = folder.join("tokens.csv");
    fs::write(&tokens, format!("{TOKEN},admin,admin,system:masters\n")).expect("the tokens");
    let mut command = Command::new(tools.path("kube-apiserver"));
    command
        .args(["--etcd-servers", etcd, "--bind-address", &settings.bind.to_string()])
        .args(["--secure-port", &secure_port.to_string()])
        .args(["--service-cluster-ip-range", settings.services, "--authorization-mode", "RBAC"])
        .args(["--service-account-issuer", "https://kubernetes.default.svc"])
        .args(settings.arguments);
    for flag in ["--service-account-key-file", "--service-account-signing-key-file"] {
        command.arg(flag).arg(&key);
    }
    command.arg("--token-auth-file").arg(&tokens).arg("--cert-dir").arg(folder.join("certs"));
    let log = folder.join("kube-apiserver.log");
    (Daemon::start("kube-apiserver", command, log), secure_port)
}

/// Writes a kubeconfig for the API server and returns its path.
fn kubeconfig(folder: &Path, address: IpAddr, port: u16) -> PathBuf {
    let certificate = folder.join(CERTIFICATE).display().to_string();
    let text = serde_json::json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "suite", "cluster": {
            "server": format!("https://{address}:{port}"), "certificate-authority": certificate,
        }}],
        "users": [{"name": "suite", "user": {"token": TOKEN}}],
        "contexts": [{"name": "suite", "context": {"cluster": "suite", "user": "suite"}}],
        "current-context": "suite",
    });
    let file = folder.join("kubeconfig");
    fs::write(&file, text.to_string()).expect("the kubeconfig");
    file
}
