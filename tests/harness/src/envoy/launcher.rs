//! Starts Envoy: the image `ENVOY_IMAGE` in a container, or the binary `ENVOY`.
//!
//! Tests and benchmarks share this launcher. Tests use the defaults. Benchmarks
//! set the fields of [`Launcher`] and pass their own bootstrap.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use tempfile::TempDir;

use super::Admin;
use crate::client::{self, Client, Http};
use crate::container::Container;
use crate::process::Process;
use crate::wait::eventually;

// At level info, Envoy lists all its extensions in hundreds of lines.
const LOG_LEVEL: [&str; 2] = ["--log-level", "warn"];

/// Settings for running Envoy.
#[derive(Clone, Copy, Debug)]
pub struct Launcher<'a> {
    /// Number of worker threads.
    pub workers: u32,
    /// Program and arguments, such as `taskset -c 0`, that run Envoy's command
    /// line. Requires the binary `ENVOY`.
    pub wrapper: &'a [&'a str],
    /// Deadline for Envoy to become live.
    pub time_to_start: Duration,
}

impl Default for Launcher<'_> {
    fn default() -> Self {
        Self { workers: 1, wrapper: &[], time_to_start: Duration::from_secs(60) }
    }
}

impl Launcher<'_> {
    /// Starts Envoy on `bootstrap` and waits until it is live. The port of the
    /// admin interface must be 0. Envoy's files are written to `folder`.
    pub async fn start(&self, folder: TempDir, bootstrap: &str) -> EnvoyProcess {
        let log = folder.path().join("envoy.log");
        let address_file = folder.path().join("admin.address");
        let (mut command, container) = self.command(folder.path(), &log);
        command
            .args(["--concurrency", &self.workers.to_string(), "--disable-hot-restart"])
            .args(LOG_LEVEL)
            .args(["--component-log-level", "config:info,wasm:info"])
            .args(["--file-flush-interval-msec", "20", "--drain-time-s", "1"])
            .arg("--admin-address-path")
            .arg(&address_file)
            .arg("-c")
            .arg(write_bootstrap(folder.path(), bootstrap));
        let mut process = Process::spawn("envoy", &mut command, &log);
        let address = async || {
            assert!(process.exited().is_none(), "Envoy exited during startup");
            fs::read_to_string(&address_file).ok()?.trim().parse().ok()
        };
        let address = eventually("the admin address", self.time_to_start, address).await;
        // The admin interface does not answer while Envoy compiles modules. Under
        // valgrind, that takes longer than the timeout of a request.
        let live = async || {
            let mut client = Client::connect(address, Http::One).await.ok()?;
            let answer = client.send(client::request("GET", "/ready")).await.ok()?;
            (answer.status == 200).then_some(())
        };
        eventually("Envoy is live", self.time_to_start, live).await;
        EnvoyProcess { process, _container: container, admin: Admin::at(address), folder }
    }

    /// Runs `envoy --mode validate` on `bootstrap`. Envoy parses the bootstrap,
    /// compiles its modules and applies the plugin configurations.
    #[must_use]
    pub fn validate(&self, bootstrap: &str) -> Output {
        let folder = TempDir::new().expect("a temporary folder");
        let log = folder.path().join("envoy.log");
        let (mut command, _container) = self.command(folder.path(), &log);
        command.args(["--mode", "validate"]).args(LOG_LEVEL).arg("-c");
        command.arg(write_bootstrap(folder.path(), bootstrap));
        let mut output = command.output().expect("Envoy runs");
        // An Envoy in a container writes its stderr to this file.
        output.stderr.extend(fs::read(log).unwrap_or_default());
        output
    }

    /// Command that runs Envoy, still without Envoy's arguments. Includes the
    /// container if Envoy runs in one.
    fn command(&self, folder: &Path, log: &Path) -> (Command, Option<Container>) {
        if let Some(image) = std::env::var_os("ENVOY_IMAGE") {
            assert!(self.wrapper.is_empty(), "{:?} does not run a container", self.wrapper);
            let container = Container::of(folder);
            return (container.run(&image, "envoy", log), Some(container));
        }
        let mut command = match self.wrapper {
            [] => Command::new(binary()),
            [program, arguments @ ..] => {
                let mut command = Command::new(program);
                command.args(arguments).arg(binary());
                command
            }
        };
        command.current_dir(crate::repository());
        (command, None)
    }
}

/// Path of the Envoy binary, from the variable `ENVOY`.
#[must_use]
pub fn binary() -> PathBuf {
    std::env::var_os("ENVOY")
        .expect("ENVOY is not set: run this through make, or set it to an Envoy binary")
        .into()
}

fn write_bootstrap(folder: &Path, bootstrap: &str) -> PathBuf {
    let file = folder.join("bootstrap.yaml");
    fs::write(&file, bootstrap).expect("the bootstrap written");
    file
}

/// Running Envoy. Dropping it stops the process.
pub struct EnvoyProcess {
    process: Process,
    _container: Option<Container>,
    admin: Admin,
    folder: TempDir,
}

impl EnvoyProcess {
    /// Admin interface.
    #[must_use]
    pub fn admin(&self) -> &Admin {
        &self.admin
    }

    /// Everything Envoy has printed so far, including the access log.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Folder with Envoy's files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Process identifier.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Stops Envoy and returns everything it printed.
    #[must_use]
    pub fn stop(mut self) -> String {
        self.process.stop();
        self.process.log()
    }
}
