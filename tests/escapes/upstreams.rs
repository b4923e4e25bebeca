//! Upstreams that decode a path differently. Each answers with `seen` and the path
//! of the resource that it would serve.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use harness::process::Process;
use harness::wait::eventually;
use harness::{port, repository};
use tokio::net::TcpStream;

const START_TIMEOUT: Duration = Duration::from_secs(60);

/// Names of the upstreams, in the order of [`start_all`].
pub const NAMES: [&str; 4] = ["nginx", "Node", "Python", "Go"];

/// Running upstream.
pub struct Upstream {
    /// Name, also of its cluster in Envoy.
    pub name: &'static str,
    /// Address it listens on.
    pub address: SocketAddr,
    _process: Process,
}

/// Starts every upstream. Their files are written to `folder`.
pub async fn start_all(folder: &Path) -> [Upstream; 4] {
    let program = |program: &str, file: &str| {
        let mut command = Command::new(program);
        command.arg(source(file));
        command
    };
    let [nginx_name, node, python, go_name] = NAMES;
    [
        start(folder, nginx_name, |port| nginx(folder, port)).await,
        start(folder, node, |port| with_port(program("node", "node.js"), port)).await,
        start(folder, python, |port| with_port(program("python3", "server.py"), port)).await,
        start(folder, go_name, |port| with_port(go(folder), port)).await,
    ]
}

async fn start(
    folder: &Path,
    name: &'static str,
    command: impl FnOnce(u16) -> Command,
) -> Upstream {
    let address = SocketAddr::from(([127, 0, 0, 1], port()));
    let mut command = command(address.port());
    let process = Process::spawn(name, &mut command, &folder.join(name).with_extension("log"));
    let listening = async || TcpStream::connect(address).await.ok().map(drop);
    eventually(&format!("{name} listens"), START_TIMEOUT, listening).await;
    Upstream { name, address, _process: process }
}

fn source(name: &str) -> PathBuf {
    repository().join("tests/escapes/upstreams").join(name)
}

fn with_port(mut command: Command, port: u16) -> Command {
    command.arg(port.to_string());
    command
}

fn nginx(folder: &Path, port: u16) -> Command {
    let config = fs::read_to_string(source("nginx.conf")).expect("nginx.conf");
    let file = folder.join("nginx.conf");
    fs::write(&file, config.replace("PORT", &port.to_string())).expect("the configuration");
    let mut command = Command::new("nginx");
    command.arg("-p").arg(folder).arg("-c").arg(file).args(["-e", "stderr"]);
    command
}

/// Program compiled first: `go run` would leave it running.
fn go(folder: &Path) -> Command {
    let program = folder.join("server");
    let mut build = Command::new("go");
    build.arg("build").arg("-o").arg(&program).arg(source("server.go"));
    assert!(build.status().expect("go runs").success(), "{build:?}");
    Command::new(program)
}
