//! A real Envoy: the image `ENVOY_IMAGE` in a container, or the binary `ENVOY`.

mod admin;
mod bootstrap;

pub use admin::Admin;
pub use bootstrap::{Bootstrap, Filter, plugin};

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::client::{self, Answer};
use crate::container::Container;
use crate::process::Process;
use crate::wait::eventually;

const TIME_TO_START: Duration = Duration::from_secs(60);
const TIME_TO_SWITCH: Duration = Duration::from_secs(20);

/// Envoy, without arguments yet; with the container that it will run in, if it does.
fn envoy(folder: &Path, log: &Path) -> (Command, Option<Container>) {
    if let Some(image) = std::env::var_os("ENVOY_IMAGE") {
        let container = Container::of(folder);
        return (container.run(&image, "envoy", log), Some(container));
    }
    let binary = std::env::var_os("ENVOY")
        .expect("ENVOY is not set: run `make test`, or name an Envoy binary in it");
    let mut command = Command::new(binary);
    command.current_dir(crate::repository());
    (command, None)
}

/// An Envoy in front of an upstream, with the plugin in its filter chain.
pub struct Envoy {
    process: Process,
    _container: Option<Container>,
    admin: Admin,
    address: SocketAddr,
    folder: TempDir,
    version: u64,
}

impl Envoy {
    /// Starts Envoy and waits until its listener takes connections.
    pub async fn start(bootstrap: &Bootstrap) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let text = bootstrap.render(folder.path());
        Self::start_on(folder, &text, bootstrap.workers).await
    }

    /// Starts Envoy on any bootstrap with a listener called `proxy`; the
    /// ports of that and of the admin interface are to be 0.
    pub async fn start_on(folder: TempDir, bootstrap: &str, workers: u32) -> Self {
        let (mut process, container) = spawn(folder.path(), bootstrap, workers);
        let address_file = folder.path().join("admin.address");
        let started = async || {
            assert!(process.exited().is_none(), "Envoy did not start");
            fs::read_to_string(&address_file).ok()?.trim().parse().ok()
        };
        let admin = Admin::at(eventually("the admin address", TIME_TO_START, started).await);
        let listening = async || admin.listener().await;
        let address = eventually("a listener", TIME_TO_START, listening).await;
        let live = async || (admin.text("/ready").await.trim() == "LIVE").then_some(());
        eventually("Envoy is live", TIME_TO_START, live).await;
        Self { process, _container: container, admin, address, folder, version: 0 }
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its admin interface.
    #[must_use]
    pub fn admin(&self) -> &Admin {
        &self.admin
    }

    /// All it has printed, access log included.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// The folder that goes with it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// `GET target` over HTTP/1.1.
    pub async fn get(&self, target: &str) -> Answer {
        client::get(self.address, target).await
    }

    /// Gives the watched file this plugin configuration. The file changes
    /// right after the moment that is returned.
    pub fn publish(&mut self, configuration: &str) -> Instant {
        self.version += 1;
        bootstrap::publish_plugin(self.folder.path(), configuration, self.version)
    }

    /// Publishes a configuration and waits until every worker has it.
    pub async fn switch(&mut self, configuration: &str) {
        let before = self.admin.updates().await;
        self.publish(configuration);
        let done = async || (self.admin.updates().await.accepted > before.accepted).then_some(());
        eventually("the configuration is accepted", TIME_TO_SWITCH, done).await;
    }

    /// Publishes a configuration and waits until Envoy has refused it.
    pub async fn refuse(&mut self, configuration: &str) {
        let before = self.admin.updates().await;
        self.publish(configuration);
        let done = async || (self.admin.updates().await.refused > before.refused).then_some(());
        eventually("the configuration is refused", TIME_TO_SWITCH, done).await;
    }

    /// Gives the listener other filters and waits until it has them.
    pub async fn replace(&mut self, filters: &[Filter]) {
        let before = self.admin.listener_updates().await;
        self.version += 1;
        bootstrap::publish_listener(self.folder.path(), filters, self.version);
        let done = async || (self.admin.listener_updates().await > before).then_some(());
        eventually("the listener is replaced", TIME_TO_SWITCH, done).await;
    }

    /// Gives the listener filters that Envoy refuses, and waits until it has.
    pub async fn refuse_listener(&mut self, filters: &[Filter]) {
        const REFUSED: &str = "listener_manager.lds.update_rejected";
        let before = self.admin.stat(REFUSED).await;
        self.version += 1;
        bootstrap::publish_listener(self.folder.path(), filters, self.version);
        let done = async || (self.admin.stat(REFUSED).await > before).then_some(());
        eventually("the listener is refused", TIME_TO_SWITCH, done).await;
    }

    /// Stops it and hands out all it has printed.
    #[must_use]
    pub fn stop(mut self) -> String {
        self.process.stop();
        self.process.log()
    }
}

/// What `envoy --mode validate` says of a bootstrap.
#[must_use]
pub fn validate(bootstrap: &str) -> Output {
    let folder = TempDir::new().expect("a temporary folder");
    let file = write(folder.path(), bootstrap);
    let log = folder.path().join("envoy.log");
    let (mut command, _container) = envoy(folder.path(), &log);
    command.args(["--mode", "validate", "-c"]).arg(file);
    let mut output = command.output().expect("Envoy runs");
    // There is such a file if it ran in a container.
    output.stderr.extend(fs::read(log).unwrap_or_default());
    output
}

fn spawn(folder: &Path, bootstrap: &str, workers: u32) -> (Process, Option<Container>) {
    let file = write(folder, bootstrap);
    let log = folder.join("envoy.log");
    let (mut command, container) = envoy(folder, &log);
    command
        .args(["--concurrency", &workers.to_string(), "--disable-hot-restart"])
        // Level info lists all extensions of the binary, hundreds of lines.
        .args(["--log-level", "warn", "--component-log-level", "config:info,wasm:info"])
        .args(["--file-flush-interval-msec", "20", "--drain-time-s", "1"])
        .arg("--admin-address-path")
        .arg(folder.join("admin.address"))
        .arg("-c")
        .arg(file);
    (Process::spawn("envoy", &mut command, &log), container)
}

fn write(folder: &Path, bootstrap: &str) -> PathBuf {
    let file = folder.join("bootstrap.yaml");
    fs::write(&file, bootstrap).expect("the bootstrap written");
    file
}

/// The `StringValue` that carries a plugin configuration.
fn string_value(text: &str) -> serde_json::Value {
    json!({ "@type": "type.googleapis.com/google.protobuf.StringValue", "value": text })
}
