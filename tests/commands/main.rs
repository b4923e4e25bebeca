//! Tests of the scripts behind `make run`, `make on`, `make off`, `make status` and
//! `make help`, in a folder laid out like a checkout, and of `kubectl maintenance`.
//! `ENVOY` is the path of the Envoy binary.

mod help;
mod kubectl_maintenance;
mod terminal;

use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use harness::client::get;
use harness::envoy::launcher;
use harness::process::Process;
use harness::wait::eventually;
use harness::{plugin_wasm, port, repository};
use tempfile::TempDir;

const HEALTH: &str = "/load-balancer/health-check";

/// Creates a folder with the scripts, the bootstraps and the module.
fn checkout() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for name in ["scripts", "envoy"] {
        let shipped = repository().join(name).canonicalize().expect(name);
        symlink(shipped, folder.path().join(name)).expect("a link");
    }
    std::fs::create_dir(folder.path().join("dist")).expect("a folder");
    symlink(plugin_wasm(), folder.path().join("dist/plugin.wasm")).expect("a link");
    folder
}

/// Proxy started by `make run`.
struct Run {
    process: Process,
    folder: TempDir,
    address: SocketAddr,
}

/// Command of `make run`, and the address of its proxy.
fn run_command(folder: &Path) -> (Command, SocketAddr) {
    let proxy = port();
    let mut command = Command::new("scripts/run.sh");
    command.current_dir(folder).env("ENVOY", launcher::binary()).env("PORT", proxy.to_string());
    command.env("ADMIN_PORT", port().to_string()).env("UPSTREAM_PORT", port().to_string());
    (command, SocketAddr::from(([127, 0, 0, 1], proxy)))
}

async fn start() -> Run {
    let folder = checkout();
    let (mut command, address) = run_command(folder.path());
    let log = folder.path().join("run.log");
    let process = Process::spawn("make run", &mut command, &log);
    let ready = async || process.log().contains("Ctrl-C stops everything").then_some(());
    eventually("`make run` prints its instructions", Duration::from_secs(60), ready).await;
    Run { process, folder, address }
}

/// Command of `make on`, `make off` or `make status`.
fn switch_command(folder: &Path, command: &str, retry_after: &str) -> Command {
    let mut script = Command::new("scripts/switch.sh");
    script.arg(command).current_dir(folder).env("RETRY_AFTER", retry_after);
    script
}

fn switch(folder: &Path, command: &str, retry_after: &str) -> Output {
    switch_command(folder, command, retry_after).output().expect("the script runs")
}

/// Path of a program on `PATH`.
fn find_program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").expect("PATH");
    let mut programs = std::env::split_paths(&path).map(|folder| folder.join(name));
    programs.find(|program| program.exists()).unwrap_or_else(|| panic!("{name} is missing"))
}

/// Text that a command printed: stdout, and then stderr.
fn printed(output: &Output) -> String {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8(text).expect("text")
}

#[tokio::test(flavor = "multi_thread")]
async fn on_and_off_switch_the_proxy_and_print_its_status() {
    let mut run = start().await;
    let folder = run.folder.path();
    assert_eq!(get(run.address, "/").await.body, "{\"from\":\"the application\"}\n");

    let on = switch(folder, "on", "300");
    assert!(on.status.success(), "{}", printed(&on));
    for line in ["maintenance_active", "503, retry-after: 300"] {
        assert!(printed(&on).contains(line), "{}", printed(&on));
    }
    let answer = get(run.address, "/").await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "300"));
    assert_eq!(get(run.address, HEALTH).await.body, "{\"status\":\"UP\"}\n");

    let refused = switch(folder, "on", "0");
    assert!(!refused.status.success());
    let message = "plugin configuration refused: retryAfterSeconds: 0 is not allowed: \
        must be a whole number of seconds from 1 to 604800";
    assert!(printed(&refused).contains(message), "{}", printed(&refused));
    assert_eq!(get(run.address, "/").await.header("retry-after"), "300");
    assert_eq!(printed(&switch(folder, "status", "60")), printed(&on));

    let off = switch(folder, "off", "60");
    assert!(off.status.success(), "{}", printed(&off));
    assert_eq!(get(run.address, "/").await.status, 200);

    run.process.stop();
    assert!(!folder.join(".run").exists(), "`.run` was left behind");
}

#[test]
fn without_a_proxy_the_error_names_the_command_to_run() {
    let folder = checkout();
    let output = switch(folder.path(), "on", "60");
    assert!(!output.status.success());
    let expected = "error: no proxy is running here: start one with 'make run' or 'make up'\n";
    assert_eq!(printed(&output), expected);
}
