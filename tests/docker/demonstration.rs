//! Demonstration stack: the shipped compose file in a temporary folder, on
//! kernel-assigned ports.

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

/// Files that the demonstration needs besides the built module.
const SHIPPED: [&str; 4] = ["Makefile", "scripts", "envoy", "observability"];

/// Running demonstration stack. Dropping it runs `make down`.
pub struct Demonstration {
    folder: TempDir,
}

impl Demonstration {
    /// Starts the stack with `make up`.
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

    /// Name of the Compose project, which labels its containers and networks.
    pub fn project(&self) -> String {
        container::name(self.folder.path())
    }

    /// Runs a command in the folder and the environment of the stack.
    fn output_of(&self, command: &mut Command) -> Output {
        let ports = ["PORT", "STATISTICS_PORT", "PROMETHEUS_PORT"];
        command.current_dir(self.folder.path()).env("COMPOSE_PROJECT_NAME", self.project());
        output(command.envs(ports.map(|name| (name, "0"))))
    }

    /// Runs `make` without building the module again.
    pub fn try_make(&self, arguments: &[&str]) -> Output {
        self.output_of(command("make", &["--old-file=build"]).args(arguments))
    }

    /// Runs `make TARGET` and returns its output; a failure fails the test.
    pub fn make(&self, target: &str) -> String {
        stdout_of(&self.try_make(&[target]))
    }

    /// Replaces the plugin configuration of the running proxy.
    pub fn publish(&self, configuration: &str) {
        let shipped = fs::read_to_string(repository().join("envoy/dynamic/on.yaml"));
        let shipped = shipped.expect("a discovery response");
        let replaced =
            shipped.replace(r#"{"enabled": true, "retryAfterSeconds": 60}"#, configuration);
        assert_ne!(replaced, shipped, "on.yaml has another configuration");
        let [next, current] =
            ["next", "plugin.yaml"].map(|name| self.folder.path().join(".run").join(name));
        fs::write(&next, replaced).expect("a file written");
        fs::rename(&next, current).expect("a file replaced");
    }

    /// Runs `docker compose` and returns its output; a failure fails the test.
    pub fn compose(&self, arguments: &[&str]) -> String {
        let compose = ["compose", "--file", "envoy/compose.yaml", "--profile", "observe"];
        stdout_of(&self.output_of(command("docker", &compose).args(arguments)))
    }

    /// Address on which a port of a service is published.
    pub fn port(&self, service: &str, port: &str) -> SocketAddr {
        self.compose(&["port", service, port]).trim().parse().expect("an address")
    }

    /// Sends `GET target` to the proxy.
    pub async fn get(&self, target: &str) -> Answer {
        client::get(self.port("proxy", "10000"), target).await
    }

    /// Output of `docker inspect` for the container of a service.
    pub fn inspect(&self, service: &str) -> Value {
        let container = self.compose(&["ps", "--all", "--quiet", service]);
        let json = run(&mut command("docker", &["inspect", container.trim()]));
        let containers: Value = serde_json::from_str(&json).expect("JSON");
        containers[0].clone()
    }

    /// Waits until three more health checks of the proxy have passed. Fails if the
    /// proxy becomes unhealthy.
    pub async fn assert_stays_healthy(&self) {
        let health = || self.inspect("proxy")["State"]["Health"].clone();
        let passed = |health: &Value| -> BTreeSet<String> {
            let all = health["Log"].as_array().expect("probes").iter();
            let passed = all.filter(|probe| probe["ExitCode"] == 0);
            passed.map(|probe| probe["Start"].to_string()).collect()
        };
        let mut passed_probes = passed(&health());
        let target = passed_probes.len() + 3;
        let three_more = async || {
            let health = health();
            assert_eq!(health["Status"], "healthy", "{health}");
            passed_probes.extend(passed(&health));
            (passed_probes.len() >= target).then_some(())
        };
        eventually("three more health checks pass", Duration::from_secs(60), three_more).await;
    }
}

/// Returns the stdout of a command; a failed command fails the test.
fn stdout_of(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}\n{printed}\n{errors}", output.status);
    printed
}

impl Drop for Demonstration {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let logs = self.output_of(&mut command(
                "docker",
                &["compose", "-f", "envoy/compose.yaml", "logs"],
            ));
            eprintln!("{}", String::from_utf8_lossy(&logs.stdout));
        }
        let down = self.try_make(&["down"]);
        assert!(std::thread::panicking() || down.status.success(), "{down:?}");
    }
}
