//! An Envoy that answers by itself, with a listener for each thing to measure.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use harness::client::{self, Client, Http};
use harness::envoy::Admin;
use harness::process::Process;
use harness::wait::eventually;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The core that Envoy has to itself; clients get another one.
const CORE: &str = "0";

/// Under valgrind it takes most of a minute.
const TIME_TO_START: Duration = Duration::from_secs(300);

const TYPE: &str = "type.googleapis.com/envoy.extensions.filters";

pub struct Proxy {
    process: Process,
    admin: Admin,
    pub folder: TempDir,
}

/// A listener that answers 200 itself, behind `filters`.
pub fn listener(name: &str, port: u16, filters: &[Value], direct_response: &Value) -> Value {
    let router = json!({ "name": "router", "typed_config": {
        "@type": format!("{TYPE}.http.router.v3.Router") } });
    let chain: Vec<_> = filters.iter().cloned().chain([router]).collect();
    let mut route = json!({ "match": { "prefix": "/" } });
    for (key, value) in direct_response.as_object().into_iter().flatten() {
        route[key] = value.clone();
    }
    json!({
        "name": name,
        "address": { "socket_address": { "address": "127.0.0.1", "port_value": port } },
        "filter_chains": [{ "filters": [{ "name": "http", "typed_config": {
            "@type": format!("{TYPE}.network.http_connection_manager.v3.HttpConnectionManager"),
            "stat_prefix": name,
            "codec_type": "AUTO",
            "route_config": { "virtual_hosts": [
                { "name": "all", "domains": ["*"], "routes": [route] }] },
            "http_filters": chain,
        } }] }],
    })
}

/// A plugin in a VM of its own, called `name`.
pub fn plugin(name: &str, module: &Path, configuration: &str) -> Value {
    json!({ "name": name, "typed_config": wasm(name, module, configuration) })
}

/// The configuration of the filter that runs a plugin.
pub fn wasm(name: &str, module: &Path, configuration: &str) -> Value {
    json!({
        "@type": format!("{TYPE}.http.wasm.v3.Wasm"),
        "config": {
            "name": name,
            "vm_config": {
                "vm_id": name,
                "runtime": "envoy.wasm.runtime.v8",
                "code": { "local": { "filename": module } },
            },
            "configuration": {
                "@type": "type.googleapis.com/google.protobuf.StringValue",
                "value": configuration,
            },
        },
    })
}

pub fn bootstrap(listeners: &[Value]) -> Value {
    json!({
        "node": { "id": "bench", "cluster": "bench" },
        "admin": { "address": { "socket_address": { "address": "127.0.0.1", "port_value": 0 } } },
        "static_resources": { "listeners": listeners },
    })
}

/// Envoy's binary.
pub fn binary() -> PathBuf {
    std::env::var_os("ENVOY").expect("ENVOY is not set: run this through make").into()
}

/// Envoy's command, as the argument of another program if there is one.
fn command(program: &[&str]) -> Command {
    let Some((program, arguments)) = program.split_first() else {
        return Command::new(binary());
    };
    let mut command = Command::new(program);
    command.args(arguments).arg(binary());
    command
}

/// Has Envoy read `bootstrap`, compile what is in it and try the plugins'
/// configurations; says how long that took, too.
pub fn validate(program: &[&str], bootstrap: &Value) -> (Output, Duration) {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("bootstrap.json");
    fs::write(&file, bootstrap.to_string()).expect("the bootstrap written");
    let mut command = command(program);
    command.args(["--mode", "validate", "--log-level", "error", "-c"]).arg(file);
    let begun = Instant::now();
    let output = command.output().expect("Envoy runs");
    let took = begun.elapsed();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (output, took)
}

impl Proxy {
    /// Starts Envoy, pinned to its core, in a folder that may hold files of its own.
    pub async fn start(folder: TempDir, bootstrap: &Value, workers: u32) -> Self {
        Self::start_under(&["taskset", "-c", CORE], folder, bootstrap, workers).await
    }

    /// Starts Envoy by another program, which takes its command line.
    pub async fn start_under(
        program: &[&str],
        folder: TempDir,
        bootstrap: &Value,
        workers: u32,
    ) -> Self {
        let file = folder.path().join("bootstrap.json");
        fs::write(&file, bootstrap.to_string()).expect("the bootstrap written");
        let address_file = folder.path().join("admin.address");
        let mut command = command(program);
        command
            .args(["--concurrency", &workers.to_string(), "--disable-hot-restart"])
            .args(["--log-level", "warn", "--admin-address-path"])
            .arg(&address_file)
            .arg("-c")
            .arg(&file);
        let mut process = Process::spawn("envoy", &mut command, &folder.path().join("envoy.log"));
        let address = async || {
            assert!(process.exited().is_none(), "Envoy did not start");
            fs::read_to_string(&address_file).ok()?.trim().parse::<SocketAddr>().ok()
        };
        let address = eventually("the admin address", TIME_TO_START, address).await;
        // While the modules load, nobody answers.
        let live = async || {
            let mut client = Client::connect(address, Http::One).await.ok()?;
            let answer = client.send(client::request("GET", "/ready")).await.ok()?;
            (answer.status == 200).then_some(())
        };
        eventually("Envoy is live", TIME_TO_START, live).await;
        Self { process, admin: Admin::at(address), folder }
    }

    pub fn admin(&self) -> &Admin {
        &self.admin
    }

    pub fn log(&self) -> String {
        self.process.log()
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The processor time that it has used, in microseconds.
    pub fn processor_time(&self) -> f64 {
        let tasks = format!("/proc/{}/task", self.id());
        let threads = fs::read_dir(tasks).expect("Linux's /proc").flatten();
        let nanoseconds = |thread: fs::DirEntry| {
            let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<f64>().ok()
        };
        threads.filter_map(nanoseconds).sum::<f64>() / 1000.0
    }

    /// The memory that it has resident, in KiB.
    pub fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id()));
        let status = status.expect("Linux's /proc");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).expect("a number")
    }
}
