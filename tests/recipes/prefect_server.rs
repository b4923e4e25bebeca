//! Prefect's server, and programs that use its client.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use harness::client::{Client, Http, body, request, send};
use harness::process::Process;
use harness::wait::eventually;
use harness::{port, repository};
use serde_json::Value;
use tempfile::TempDir;

const START_TIMEOUT: Duration = Duration::from_secs(120);
const EXIT_TIMEOUT: Duration = Duration::from_secs(120);

/// Running `prefect server`, with a database of its own.
pub struct PrefectServer {
    _process: Process,
    address: SocketAddr,
    _folder: TempDir,
}

impl PrefectServer {
    /// Starts the server and waits until it replies.
    pub async fn start() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let address = SocketAddr::from(([127, 0, 0, 1], port()));
        let mut command = python(folder.path());
        command
            .args(["-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port"])
            .arg(address.port().to_string())
            .env("PREFECT_UI_ENABLED", "false");
        let log = folder.path().join("server.log");
        let process = Process::spawn("prefect server", &mut command, &log);
        let healthy = async || {
            let mut client = Client::connect(address, Http::One).await.ok()?;
            let answer = client.send(request("GET", "/api/health")).await.ok()?;
            (answer.status == 200).then_some(())
        };
        eventually("the Prefect server replies", START_TIMEOUT, healthy).await;
        Self { _process: process, address, _folder: folder }
    }

    /// Address of the server itself, behind the proxy.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// States of all flow runs that the server knows.
    pub async fn flow_run_states(&self) -> Vec<String> {
        self.states("flow_runs").await
    }

    /// States of all task runs that the server knows.
    pub async fn task_run_states(&self) -> Vec<String> {
        self.states("task_runs").await
    }

    async fn states(&self, runs: &str) -> Vec<String> {
        let mut filter = request("POST", &format!("/api/{runs}/filter"));
        *filter.body_mut() = body("{}");
        filter.headers_mut().insert("content-type", "application/json".parse().expect("a value"));
        let answer = send(self.address, Http::One, filter).await;
        let runs: Vec<Value> = serde_json::from_slice(&answer.body).expect("a list of runs");
        runs.iter().map(|run| run["state_type"].as_str().unwrap_or_default().into()).collect()
    }
}

/// Running program that calls the Prefect API.
pub struct Program {
    process: Process,
    folder: TempDir,
}

impl Program {
    /// Starts `tests/recipes/python/NAME` as a client of the API at `api`, with settings
    /// of Prefect as environment variables.
    pub fn start(name: &str, api: SocketAddr, settings: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let mut command = python(folder.path());
        command
            .arg(repository().join("tests/recipes/python").join(name))
            .arg(folder.path().join("started"))
            .arg(folder.path().join("go"))
            .env("PREFECT_API_URL", format!("http://{api}/api"))
            .envs(settings.iter().copied());
        let process = Process::spawn(name, &mut command, &folder.path().join("output"));
        Self { process, folder }
    }

    /// Waits until the flow has begun, and waits itself.
    pub async fn until_started(&self) {
        let started = self.folder.path().join("started");
        let exists = async || started.exists().then_some(());
        eventually("the flow run has begun", START_TIMEOUT, exists).await;
    }

    /// Lets the flow go on.
    pub fn go(&self) {
        std::fs::write(self.folder.path().join("go"), "").expect("the file written");
    }

    /// Returns whether the program is still running.
    pub fn is_running(&mut self) -> bool {
        self.process.exited().is_none()
    }

    /// Waits until the program exits. Returns whether it succeeded, and its output.
    pub async fn until_exited(&mut self) -> (bool, String) {
        let exited = async || self.process.exited();
        let status = eventually("the program exits", EXIT_TIMEOUT, exited).await;
        (status.success(), self.process.log())
    }
}

/// Python of the virtual environment. Its files are in `folder`, and it connects to
/// nothing but the API.
fn python(folder: &Path) -> Command {
    let programs = std::env::var_os("PREFECT").expect(
        "PREFECT is not set: run this with make, or set it to what scripts/get-prefect.sh prints",
    );
    let mut command = Command::new(PathBuf::from(programs).join("python3"));
    command
        .current_dir(folder)
        .env("PREFECT_HOME", folder.join("home"))
        .env("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
        .env("DO_NOT_TRACK", "1")
        .env("NO_PROXY", "127.0.0.1");
    command
}
