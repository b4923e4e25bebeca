//! istiod, with a certificate authority of its own.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use harness::process::Process;
use harness::wait::eventually;
use harness::{client, port};
use tempfile::TempDir;

use crate::kubectl::Kubectl;
use crate::tools::Tools;

const TIME_TO_START: Duration = Duration::from_secs(60);
/// `defaultProviders`: a stock Envoy has none of the filters that Istio's own adds.
const MESH: &str = "accessLogFile: /dev/stdout\ndefaultProviders: {}\n";

/// A running istiod.
pub struct Istiod {
    process: Process,
    command: Command,
    ports: Ports,
    folder: TempDir,
}

#[derive(Clone, Copy)]
struct Ports {
    plain: u16,
    secure: u16,
    http: u16,
    monitoring: u16,
}

impl Istiod {
    /// Starts it and waits until it is ready.
    pub async fn start(tools: &Tools, kubectl: &Kubectl) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let ports = Ports { plain: port(), secure: port(), http: port(), monitoring: port() };
        let mesh = folder.path().join("mesh.yaml");
        fs::write(&mesh, MESH).expect("the mesh configuration");
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
        let process = Process::spawn("istiod", &mut command, &folder.path().join("istiod.log"));
        let istiod = Self { process, command, ports, folder };
        istiod.ready().await;
        istiod
    }

    /// The host and port that agents connect to.
    pub fn discovery_address(&self) -> String {
        format!("localhost:{}", self.ports.secure)
    }

    /// Where it tells of itself in Prometheus' format, and answers `istioctl`.
    pub fn monitoring(&self) -> SocketAddr {
        loopback(self.ports.monitoring).parse().expect("an address")
    }

    /// Where it serves its debug pages.
    pub fn http(&self) -> SocketAddr {
        loopback(self.ports.http).parse().expect("an address")
    }

    /// Prints the end of its output, for a case that failed.
    pub fn show_log(&self) {
        self.process.show_log();
    }

    /// Stops it; its proxies go on with what they have.
    pub fn stop(&mut self) {
        self.process.stop();
    }

    /// Starts it anew, on the same ports.
    pub async fn start_again(&mut self) {
        let log = self.folder.path().join("istiod-again.log");
        self.process = Process::spawn("istiod", &mut self.command, &log);
        self.ready().await;
    }

    async fn ready(&self) {
        let answers = async || {
            let mut client = client::Client::connect(self.http(), client::Http::One).await.ok()?;
            let answer = client.send(client::request("GET", "/ready")).await.ok()?;
            (answer.status == 200).then_some(())
        };
        eventually("istiod is ready", TIME_TO_START, answers).await;
    }
}

fn loopback(port: u16) -> String {
    format!("127.0.0.1:{port}")
}
