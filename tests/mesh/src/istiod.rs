//! istiod with its own certificate authority.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use harness::wait::eventually;
use harness::{client, port};
use tempfile::TempDir;

use crate::daemon::Daemon;
use crate::kubectl::Kubectl;
use crate::tools::Tools;

const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Mesh configuration. `defaultProviders` is empty because stock Envoy lacks the
/// filters that only Istio's own build of Envoy has.
const MESH_CONFIG: &str = "accessLogFile: /dev/stdout\ndefaultProviders: {}\n";

/// Running istiod.
pub struct Istiod {
    daemon: Daemon,
    ports: Ports,
    _folder: TempDir,
}

#[derive(Clone, Copy)]
struct Ports {
    plain: u16,
    secure: u16,
    http: u16,
    monitoring: u16,
}

impl Istiod {
    /// Starts istiod and waits until it is ready.
    pub async fn start(tools: &Tools, kubectl: &Kubectl) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let ports = Ports { plain: port(), secure: port(), http: port(), monitoring: port() };
        let mesh = folder.path().join("mesh.yaml");
        fs::write(&mesh, MESH_CONFIG).expect("the mesh configuration");
        let mut command = Command::new(tools.path("pilot-discovery"));
        command
            .current_dir(folder.path())
            .envs([
                ("POD_NAME", "istiod"),
                ("POD_NAMESPACE", "istio-system"),
                ("PILOT_CERT_PROVIDER", "istiod"),
                ("ISTIOD_CUSTOM_HOST", "localhost"),
                ("INJECT_ENABLED", "false"),
                ("VALIDATION_ENABLED", "false"),
                ("PILOT_ENABLE_METADATA_EXCHANGE", "false"),
                ("PILOT_ENABLE_ALPN_FILTER", "false"),
                ("PILOT_ENABLE_AMBIENT", "true"),
            ])
            .args(["discovery", "--httpsAddr", "", "--ctrlz_port", "0"])
            .arg("--kubeconfig")
            .arg(kubectl.kubeconfig())
            .arg("--meshConfig")
            .arg(mesh)
            .args([
                "--grpcAddr",
                &loopback(ports.plain),
                "--secureGRPCAddr",
                &loopback(ports.secure),
            ])
            .args(["--httpAddr", &loopback(ports.http)])
            .args(["--monitoringAddr", &loopback(ports.monitoring)]);
        let daemon = Daemon::start("istiod", command, folder.path().join("istiod.log"));
        let istiod = Self { daemon, ports, _folder: folder };
        istiod.wait_until_ready().await;
        istiod
    }

    /// Host and port that agents connect to.
    pub fn discovery_address(&self) -> String {
        format!("localhost:{}", self.ports.secure)
    }

    /// Address of istiod's Prometheus metrics, which also serves `istioctl`.
    pub fn monitoring(&self) -> SocketAddr {
        loopback(self.ports.monitoring).parse().expect("an address")
    }

    /// Address of istiod's debug pages.
    pub fn http(&self) -> SocketAddr {
        loopback(self.ports.http).parse().expect("an address")
    }

    /// Process identifier.
    pub fn id(&self) -> u32 {
        self.daemon.id()
    }

    /// Everything istiod has printed so far.
    pub fn log(&self) -> String {
        self.daemon.log()
    }

    /// Prints the end of istiod's output, for a failed case.
    pub fn show_log(&self) {
        self.daemon.show_log();
    }

    /// Stops istiod. Its proxies keep their last configuration.
    pub fn stop(&mut self) {
        self.daemon.stop();
    }

    /// Starts istiod again on the same ports.
    pub async fn restart(&mut self) {
        self.daemon.start_again();
        self.wait_until_ready().await;
    }

    /// Process of istiod.
    pub fn daemon_mut(&mut self) -> &mut Daemon {
        &mut self.daemon
    }

    /// Waits until istiod serves.
    pub async fn wait_until_ready(&self) {
        let ready = async || {
            let mut client = client::Client::connect(self.http(), client::Http::One).await.ok()?;
            let answer = client.send(client::request("GET", "/ready")).await.ok()?;
            (answer.status == 200).then_some(())
        };
        eventually("istiod is ready", START_TIMEOUT, ready).await;
    }
}

fn loopback(port: u16) -> String {
    format!("127.0.0.1:{port}")
}
