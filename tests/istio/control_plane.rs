//! etcd, kube-apiserver and istiod, on loopback, without a cluster.

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

const TIME_TO_START: Duration = Duration::from_secs(90);
const TOKEN: &str = "the-suite";

/// A Kubernetes API that knows Istio's resources.
pub struct Api {
    // Stopped in this order: who asks before who answers.
    _apiserver: Process,
    _etcd: Process,
    kubectl: Kubectl,
    _folder: TempDir,
}

impl Api {
    /// Starts it and waits until it serves.
    pub async fn start(tools: &Tools) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let (etcd, clients) = etcd(tools, folder.path());
        let (apiserver, secure_port) = apiserver(tools, folder.path(), &clients);
        let kubectl = Kubectl::new(tools.path("kubectl"), kubeconfig(folder.path(), secure_port));
        let ready = async || kubectl.try_run(&["get", "--raw", "/readyz"]).ok();
        eventually("the API server is ready", TIME_TO_START, ready).await;
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

/// A Kubernetes API and an istiod that serves what is in it.
pub struct ControlPlane {
    istiod: Istiod,
    api: Api,
    tools: Tools,
}

impl ControlPlane {
    /// Starts all of it and waits until it serves.
    pub async fn start(tools: Tools) -> Self {
        let api = Api::start(&tools).await;
        api.kubectl().run(&["create", "namespace", "istio-system"]);
        // `istioctl` speaks to istiod as this account.
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

fn etcd(tools: &Tools, folder: &Path) -> (Process, String) {
    let [clients, peers] = [port(), port()].map(|port| format!("http://127.0.0.1:{port}"));
    let mut command = Command::new(tools.path("etcd"));
    command
        .arg("--data-dir")
        .arg(folder.join("etcd"))
        .args(["--listen-client-urls", &clients, "--advertise-client-urls", &clients])
        .args(["--listen-peer-urls", &peers, "--initial-advertise-peer-urls", &peers])
        .args(["--initial-cluster", &format!("default={peers}"), "--unsafe-no-fsync"]);
    (Process::spawn("etcd", &mut command, &folder.join("etcd.log")), clients)
}

fn apiserver(tools: &Tools, folder: &Path, etcd: &str) -> (Process, u16) {
    let secure_port = port();
    let key = folder.join("service-accounts.key");
    let made = Command::new("openssl").args(["genrsa", "-out"]).arg(&key).output();
    assert!(made.expect("openssl runs").status.success(), "a key for service accounts");
    let tokens = folder.join("tokens.csv");
    fs::write(&tokens, format!("{TOKEN},admin,admin,system:masters\n")).expect("the tokens");
    let mut command = Command::new(tools.path("kube-apiserver"));
    command
        .args(["--etcd-servers", etcd, "--bind-address", "127.0.0.1"])
        .args(["--secure-port", &secure_port.to_string()])
        .args(["--service-cluster-ip-range", "10.0.0.0/24", "--authorization-mode", "RBAC"])
        .args(["--service-account-issuer", "https://kubernetes.default.svc"])
        // No controller runs that would make the accounts it waits for.
        .args(["--disable-admission-plugins", "ServiceAccount"]);
    for flag in ["--service-account-key-file", "--service-account-signing-key-file"] {
        command.arg(flag).arg(&key);
    }
    command.arg("--token-auth-file").arg(&tokens).arg("--cert-dir").arg(folder.join("certs"));
    let log = folder.join("kube-apiserver.log");
    (Process::spawn("kube-apiserver", &mut command, &log), secure_port)
}

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
