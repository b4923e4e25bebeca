//! Real Envoy processes in front of an upstream, started by [`launcher`].

mod admin;
mod bootstrap;
pub mod launcher;

pub use admin::Admin;
pub use bootstrap::{Bootstrap, Filter, plugin};
pub use launcher::{EnvoyProcess, Launcher};

use std::net::SocketAddr;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::client::{self, Answer};
use crate::process::resident_memory;
use crate::wait::eventually;

const LISTEN_TIMEOUT: Duration = Duration::from_secs(60);
const SWITCH_TIMEOUT: Duration = Duration::from_secs(20);

/// Running Envoy in front of an upstream, with the plugin in its filter chain.
pub struct Envoy {
    process: EnvoyProcess,
    address: SocketAddr,
    version: u64,
}

impl Envoy {
    /// Starts Envoy and waits until its listener accepts connections.
    pub async fn start(bootstrap: &Bootstrap) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let text = bootstrap.render(folder.path());
        Self::start_with_bootstrap(folder, &text, bootstrap.workers).await
    }

    /// Starts Envoy as [`Envoy::start`] does, by a program and arguments that run
    /// Envoy's command line, such as `env NAME=value`.
    pub async fn start_by(wrapper: &[&str], bootstrap: &Bootstrap) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let text = bootstrap.render(folder.path());
        let launcher = Launcher { workers: bootstrap.workers, wrapper, ..Launcher::default() };
        Self::launch(&launcher, folder, &text).await
    }

    /// Starts Envoy on a complete bootstrap. The bootstrap must have a listener
    /// named `proxy`. The ports of the listener and the admin interface must be 0.
    pub async fn start_with_bootstrap(folder: TempDir, bootstrap: &str, workers: u32) -> Self {
        let launcher = Launcher { workers, ..Launcher::default() };
        Self::launch(&launcher, folder, bootstrap).await
    }

    async fn launch(launcher: &Launcher<'_>, folder: TempDir, bootstrap: &str) -> Self {
        let process = launcher.start(folder, bootstrap).await;
        let listening = async || process.admin().listener_address().await;
        let address = eventually("the listener is active", LISTEN_TIMEOUT, listening).await;
        Self { process, address, version: 0 }
    }

    /// Address that clients connect to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Admin interface.
    #[must_use]
    pub fn admin(&self) -> &Admin {
        self.process.admin()
    }

    /// Resident memory of the process, in KiB.
    #[must_use]
    pub fn resident_memory(&self) -> u64 {
        resident_memory(self.process.id())
    }

    /// Everything Envoy has printed so far, including the access log.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Temporary folder of this Envoy.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.process.folder()
    }

    /// Sends `GET target` over HTTP/1.1 on a new connection.
    pub async fn get(&self, target: &str) -> Answer {
        client::get(self.address, target).await
    }

    /// Writes a plugin configuration to the watched file. Returns the time
    /// immediately before the file is replaced.
    pub fn publish(&mut self, configuration: &str) -> Instant {
        self.version += 1;
        bootstrap::publish_plugin(self.folder(), configuration, self.version)
    }

    /// Publishes a configuration and waits until every worker has applied it.
    pub async fn switch(&mut self, configuration: &str) {
        let before = self.admin().updates().await;
        self.publish(configuration);
        let done = async || (self.admin().updates().await.accepted > before.accepted).then_some(());
        eventually("the configuration is accepted", SWITCH_TIMEOUT, done).await;
    }

    /// Publishes an invalid configuration and waits until Envoy has rejected it.
    pub async fn publish_rejected(&mut self, configuration: &str) {
        let before = self.admin().updates().await;
        self.publish(configuration);
        let done = async || (self.admin().updates().await.refused > before.refused).then_some(());
        eventually("the configuration is rejected", SWITCH_TIMEOUT, done).await;
    }

    /// Replaces the filters of the listener and waits until the update is applied.
    pub async fn replace_filters(&mut self, filters: &[Filter]) {
        let before = self.admin().listener_updates().await;
        self.version += 1;
        bootstrap::publish_listener(self.folder(), filters, self.version);
        let done = async || (self.admin().listener_updates().await > before).then_some(());
        eventually("the listener is replaced", SWITCH_TIMEOUT, done).await;
    }

    /// Publishes a listener with invalid filters and waits until Envoy has
    /// rejected it.
    pub async fn publish_rejected_filters(&mut self, filters: &[Filter]) {
        const UPDATE_REJECTED: &str = "listener_manager.lds.update_rejected";
        let before = self.admin().stat(UPDATE_REJECTED).await;
        self.version += 1;
        bootstrap::publish_listener(self.folder(), filters, self.version);
        let done = async || (self.admin().stat(UPDATE_REJECTED).await > before).then_some(());
        eventually("the listener is rejected", SWITCH_TIMEOUT, done).await;
    }

    /// Stops Envoy and returns everything it printed.
    #[must_use]
    pub fn stop(self) -> String {
        self.process.stop()
    }
}

/// Runs `envoy --mode validate` on a bootstrap and returns its output.
#[must_use]
pub fn validate(bootstrap: &str) -> Output {
    Launcher::default().validate(bootstrap)
}

/// Wraps a plugin configuration in a `StringValue`.
fn string_value(text: &str) -> serde_json::Value {
    json!({ "@type": "type.googleapis.com/google.protobuf.StringValue", "value": text })
}
