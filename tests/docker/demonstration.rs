//! The compose file as shipped, in a folder of its own, on ports of the kernel's choice.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Output};
use std::time::Duration;

use harness::client::{self, Answer};
use harness::container;
use harness::wait::eventually;
use harness::{plugin_wasm, repository};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{command, output, run};

/// What it takes to run the demonstration once the module is built.
const SHIPPED: [&str; 4] = ["Makefile", "scripts", "envoy", "observability"];

pub struct Demonstration {
    folder: TempDir,
}

impl Demonstration {
    /// `make up`.
    pub fn up() -> Self {
        let folder = TempDir::new().expect("a folder");
        for name in SHIPPED {
            let from = repository().join(name);
            run(command("cp", &["-r"]).arg(from).arg(folder.path()));
        }
        let dist = folder.path().join("dist");
        fs::create_dir(&dist).expect("a folder");
        fs::copy(plugin_wasm(), dist.join("plugin.wasm")).expect("the module");
        let demonstration = Self { folder };
        demonstration.make("up");
        demonstration
    }

    /// What its containers and networks are labelled with.
    pub fn project(&self) -> String {
        container::name(self.folder.path())
    }

    fn at_home(&self, command: &mut Command) -> Output {
        let ports = ["PORT", "STATISTICS_PORT", "PROMETHEUS_PORT"];
        command.current_dir(self.folder.path()).env("COMPOSE_PROJECT_NAME", self.project());
        output(command.envs(ports.map(|name| (name, "0"))))
    }

    /// `make TARGET`, without building the module again.
    pub fn try_make(&self, arguments: &[&str]) -> Output {
        self.at_home(command("make", &["--old-file=build"]).args(arguments))
    }

    /// The same; a failure fails the test.
    pub fn make(&self, target: &str) -> String {
        said(&self.try_make(&[target]))
    }

    /// `docker compose`.
    pub fn compose(&self, arguments: &[&str]) -> String {
        let compose = ["compose", "--file", "envoy/compose.yaml", "--profile", "observe"];
        said(&self.at_home(command("docker", &compose).args(arguments)))
    }

    /// Where a port of a service is published.
    pub fn port(&self, service: &str, port: &str) -> SocketAddr {
        self.compose(&["port", service, port]).trim().parse().expect("an address")
    }

    /// `GET target` of the proxy.
    pub async fn get(&self, target: &str) -> Answer {
        client::get(self.port("proxy", "10000"), target).await
    }

    /// What `docker inspect` says of a service's container.
    pub fn inspect(&self, service: &str) -> Value {
        let container = self.compose(&["ps", "--all", "--quiet", service]);
        let printed = run(&mut command("docker", &["inspect", container.trim()]));
        let containers: Value = serde_json::from_str(&printed).expect("JSON");
        containers[0].clone()
    }

    /// Waits until three more probes of the health check have passed; fails if it turns unhealthy.
    pub async fn stays_healthy(&self) {
        let health = || self.inspect("proxy")["State"]["Health"].clone();
        let passed = |health: &Value| -> BTreeSet<String> {
            let all = health["Log"].as_array().expect("probes").iter();
            let passed = all.filter(|probe| probe["ExitCode"] == 0);
            passed.map(|probe| probe["Start"].to_string()).collect()
        };
        let mut seen = passed(&health());
        let enough = seen.len() + 3;
        let probed = async || {
            let health = health();
            assert_eq!(health["Status"], "healthy", "{health}");
            seen.extend(passed(&health));
            (seen.len() >= enough).then_some(())
        };
        eventually("three more probes pass", Duration::from_secs(60), probed).await;
    }
}

/// What a command that succeeded printed.
fn said(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}\n{printed}\n{errors}", output.status);
    printed
}

impl Drop for Demonstration {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let logs = self
                .at_home(&mut command("docker", &["compose", "-f", "envoy/compose.yaml", "logs"]));
            eprintln!("{}", String::from_utf8_lossy(&logs.stdout));
        }
        let down = self.try_make(&["down"]);
        assert!(std::thread::panicking() || down.status.success(), "{down:?}");
    }
}
