//! Control plane without a cluster: etcd, kube-apiserver and istiod on loopback.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use harness::port;
use harness::process::Process;
use harness::wait::eventually;
use tempfile::TempDir;

use crate::istiod::Istiod;
use crate::kubectl::Kubectl;
use crate::tools::Tools;

const START_TIMEOUT: Duration = Duration::from_secs(90);
const TOKEN: &str = "the-suite";

/// Running Kubernetes API with the resource types of Istio and the Gateway API.
pub struct Api {
    // Fields drop in this order: each client before the server it uses.
    _apiserver: Process,
    _etcd: Process,
    kubectl: Kubectl,
    _folder: TempDir,
}

impl Api {
    /// Starts etcd and the API server, waits until they serve, and installs the
    /// resource types.
    pub async fn start(tools: &Tools) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let (etcd, etcd_url) = etcd(tools, folder.path());
        let (apiserver, secure_port) = apiserver(tools, folder.path(), &etcd_url);
        let kubectl = Kubectl::new(tools.path("kubectl"), kubeconfig(folder.path(), secure_port));
        let ready = async || kubectl.try_run(&["get", "--raw", "/readyz"]).ok();
        eventually("the API server is ready", START_TIMEOUT, ready).await;
        for file in ["istio-crds.yaml", "gateway-crds.yaml"] {
            let file = tools.path(file).display().to_string();
            kubectl.run(&["apply", "--server-side", "-f", &file]);
        }
        kubectl.run(&["wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"]);
        Self { _apiserver: apiserver, _etcd: etcd, kubectl, _folder: folder }
    }

    pub fn kubectl(&self) -> &Kubectl {
        &self.kubectl
    }
}

/// Running Kubernetes API, and an istiod that serves its configuration.
pub struct ControlPlane {
    istiod: Istiod,
    api: Api,
    tools: Tools,
}

impl ControlPlane {
    /// Starts the API and istiod and waits until they serve.
    pub async fn start(tools: Tools) -> Self {
        let api = Api::start(&tools).await;
        api.kubectl().run(&["create", "namespace", "istio-system"]);
        // Service account that `istioctl` uses to authenticate to istiod.
        api.kubectl().run(&["create", "serviceaccount", "default", "-n", "istio-system"]);
        let istiod = Istiod::start(&tools, api.kubectl()).await;
        Self { istiod, api, tools }
    }

    pub fn tools(&self) -> &Tools {
        &self.tools
    }

    pub fn kubectl(&self) -> &Kubectl {
        self.api.kubectl()
    }

    pub fn istiod(&self) -> &Istiod {
        &self.istiod
    }

    pub fn istiod_mut(&mut self) -> &mut Istiod {
        &mut self.istiod
    }
}

/// Starts etcd. Returns the process and the URL for clients.
fn etcd(tools: &Tools, folder: &Path) -> (Process, String) {
    let [client_url, peer_url] = [port(), port()].map(|port| format!("http://127.0.0.1:{port}"));
    let mut command = Command::new(tools.path("etcd"));
    command
        .arg("--data-dir")
        .arg(folder.join("etcd"))
        .args(["--listen-client-urls", &client_url, "--advertise-client-urls", &client_url])
        .args(["--listen-peer-urls", &peer_url, "--initial-advertise-peer-urls", &peer_url])
        .args(["--initial-cluster", &format!("default={peer_url}"), "--unsafe-no-fsync"]);
    (Process::spawn("etcd", &mut command, &folder.join("etcd.log")), client_url)
}

/// Starts kube-apiserver. Returns the process and its port.
fn apiserver(tools: &Tools, folder: &Path, etcd: &str) -> (Process, u16) {
    let secure_port = port();
    let key = folder.join("service-accounts.key");
    let generated = Command::new("openssl").args(["genrsa", "-out"]).arg(&key).output();
    assert!(generated.expect("openssl runs").status.success(), "no key for service accounts");
    let tokens = folder.join("tokens.csv");
    fs::write(&tokens, format!("{TOKEN},admin,admin,system:masters\n")).expect("the tokens");
    let mut command = Command::new(tools.path("kube-apiserver"));
    command
        .args(["--etcd-servers", etcd, "--bind-address", "127.0.0.1"])
        .args(["--secure-port", &secure_port.to_string()])
        .args(["--service-cluster-ip-range", "10.0.0.0/24", "--authorization-mode", "RBAC"])
        .args(["--service-account-issuer", "https://kubernetes.default.svc"])
        // This plugin waits for accounts that a controller creates. None runs here.
        .args(["--disable-admission-plugins", "ServiceAccount"]);
    for flag in ["--service-account-key-file", "--service-account-signing-key-file"] {
        command.arg(flag).arg(&key);
    }
    command.arg("--token-auth-file").arg(&tokens).arg("--cert-dir").arg(folder.join("certs"));
    let log = folder.join("kube-apiserver.log");
    (Process::spawn("kube-apiserver", &mut command, &log), secure_port)
}

/// Writes a kubeconfig for the API server and returns its path.
fn kubeconfig(folder: &Path, port: u16) -> PathBuf {
    let certificate = folder.join("certs/apiserver.crt").display().to_string();
    let text = serde_json::json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "suite", "cluster": {
            "server": format!("https://127.0.0.1:{port}"), "certificate-authority": certificate,
        }}],
        "users": [{"name": "suite", "user": {"token": TOKEN}}],
        "contexts": [{"name": "suite", "context": {"cluster": "suite", "user": "suite"}}],
        "current-context": "suite",
    });
    let file = folder.join("kubeconfig");
    fs::write(&file, text.to_string()).expect("the kubeconfig");
    file
}
