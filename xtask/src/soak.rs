//! `make soak`: requests through one worker while the configuration changes
//! every second.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use harness::client::Answer;
use harness::envoy::{EnvoyProcess, Launcher};
use harness::load::{AnswerKind, Load};
use harness::process::resident_memory;
use harness::{plugin_wasm, port};
use serde_json::json;
use tempfile::TempDir;

use crate::bench::PINNED;
use crate::variants::BODY;
use crate::{ecds, envoy_config};

const CLIENTS: usize = 8;
/// Changes between two readings of the memory.
const CHANGES: u32 = 10;
/// Growth over the first reading that still counts as none, in KiB.
const TOLERANCE_KIB: u64 = 8 * 1024;

/// Sends at least `requests`; fails on a wrong answer, a trap or growing memory.
pub async fn run(requests: u64) -> ExitCode {
    match soak(requests).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn soak(requests: u64) -> Result<(), String> {
    let folder = TempDir::new().expect("a temporary folder");
    publish(folder.path(), 0);
    let port = port();
    let filter = ecds::filter(folder.path());
    let listener = envoy_config::listener("soak", port, &[filter], &envoy_config::ok());
    let bootstrap = envoy_config::bootstrap(&[listener]);
    let launcher = Launcher { wrapper: &PINNED, ..Launcher::default() };
    let envoy = launcher.start(folder, &bootstrap.to_string()).await;

    let (mut answered, mut version, mut first_resident) = (0, 0, None);
    let start = Instant::now();
    while answered < requests {
        let load = Load::start(([127, 0, 0, 1], port).into(), CLIENTS, classify);
        for _ in 0..CHANGES {
            version += 1;
            publish(envoy.folder(), version);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let tally = load.stop().await;
        answered += tally.application + tally.maintenance;
        let resident = resident_memory(envoy.id());
        let first = *first_resident.get_or_insert(resident);
        println!(
            "{answered} answers, {version} changes, {} s: {resident} KiB resident, {} wrong or lost",
            start.elapsed().as_secs(),
            tally.faults.len(),
        );
        if let Some(fault) = tally.faults.first() {
            return Err(failure(&envoy, &format!("a wrong answer: {fault}")));
        }
        if tally.application == 0 || tally.maintenance == 0 {
            return Err(failure(&envoy, "the changes did not take effect"));
        }
        if resident > first + TOLERANCE_KIB {
            return Err(failure(&envoy, &format!("memory grew from {first} to {resident} KiB")));
        }
    }
    let updates = envoy.admin().updates().await;
    println!("{} updates accepted, {} refused", updates.accepted, updates.refused);
    let log = envoy.log();
    if updates.refused > 0 || log.contains("trap") || log.contains("failed") {
        return Err(failure(&envoy, "the log has a failure"));
    }
    Ok(())
}

fn failure(envoy: &EnvoyProcess, reason: &str) -> String {
    format!("{}\nerror: {reason}", envoy.log())
}

/// Publishes a configuration: maintenance is on in every odd version.
fn publish(folder: &Path, version: u32) {
    let configuration = json!({ "enabled": version % 2 == 1, "retryAfterSeconds": 60 });
    let mut config =
        envoy_config::plugin_config("maintenance", &plugin_wasm(), &configuration.to_string());
    // Without a change Envoy would reuse its check of an earlier configuration.
    config["config"]["root_id"] = json!(format!("version-{version}"));
    ecds::publish(folder, version, &config);
}

fn classify(answer: &Answer) -> Option<AnswerKind> {
    match answer.status {
        200 if answer.body == "ok" => Some(AnswerKind::Application),
        503 if answer.body == BODY && answer.header("retry-after") == "60" => {
            Some(AnswerKind::Maintenance)
        }
        _ => None,
    }
}
