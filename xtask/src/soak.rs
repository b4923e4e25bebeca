//! `make soak`: requests through one worker while the configuration changes
//! every second.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use harness::client::Answer;
use harness::load::{Load, Verdict};
use harness::{plugin_wasm, port};
use serde_json::json;
use tempfile::TempDir;

use crate::proxy::{self, Proxy};
use crate::variants::BODY;

const CLIENTS: usize = 8;
/// How many changes there are between two looks at the memory.
const CHANGES: u32 = 10;
/// How much more memory than after the first part is still flat, in KiB.
const FLAT_KIB: u64 = 8 * 1024;
const PLUGIN: &str = "plugin.json";

/// Sends at least `requests`; fails on a wrong answer, a trap or growing memory.
pub async fn run(requests: u64) -> ExitCode {
    let folder = TempDir::new().expect("a temporary folder");
    publish(&folder, false, 0);
    let port = port();
    let discovery = json!({ "name": "maintenance", "config_discovery": {
        "config_source": { "path_config_source": {
            "path": folder.path().join(PLUGIN),
            "watched_directory": { "path": folder.path() },
        } },
        "type_urls": ["type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm"],
    } });
    let response =
        json!({ "direct_response": { "status": 200, "body": { "inline_string": "ok" } } });
    let listener = proxy::listener("soak", port, &[discovery], &response);
    let proxy = Proxy::start(folder, &proxy::bootstrap(&[listener]), 1).await;

    let (mut answered, mut version, mut first) = (0, 1, None);
    let begun = Instant::now();
    while answered < requests {
        let load = Load::start(([127, 0, 0, 1], port).into(), CLIENTS, judge);
        for _ in 0..CHANGES {
            publish(&proxy.folder, version % 2 == 1, version);
            version += 1;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let tally = load.stop().await;
        answered += tally.application + tally.maintenance;
        let resident = proxy.resident();
        let settled = *first.get_or_insert(resident);
        println!(
            "{answered} answers, {} changes, {} s: {resident} KiB resident, {} wrong or lost",
            version - 1,
            begun.elapsed().as_secs(),
            tally.faults.len(),
        );
        if let Some(fault) = tally.faults.first() {
            return failed(&proxy, &format!("a wrong answer: {fault}"));
        }
        if tally.application == 0 || tally.maintenance == 0 {
            return failed(&proxy, "the changes did not take effect");
        }
        if resident > settled + FLAT_KIB {
            return failed(&proxy, &format!("memory grew from {settled} to {resident} KiB"));
        }
    }
    let updates = proxy.admin().updates().await;
    println!("{} updates accepted, {} refused", updates.accepted, updates.refused);
    let log = proxy.log();
    if updates.refused > 0 || log.contains("trap") || log.contains("failed") {
        return failed(&proxy, "the log tells of a failure");
    }
    ExitCode::SUCCESS
}

fn failed(proxy: &Proxy, why: &str) -> ExitCode {
    eprintln!("{}\nerror: {why}", proxy.log());
    ExitCode::FAILURE
}

/// Puts a configuration in the watched file, by rename.
fn publish(folder: &TempDir, on: bool, version: u32) {
    let configuration = json!({ "enabled": on, "retryAfterSeconds": 60 }).to_string();
    let mut typed = proxy::wasm("maintenance", &plugin_wasm(), &configuration);
    // A configuration that is new each time: Envoy keeps the last verdict on an old one.
    typed["config"]["root_id"] = json!(format!("version-{version}"));
    let resource = json!({ "version_info": version.to_string(), "resources": [{
        "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
        "name": "maintenance",
        "typed_config": typed,
    }] });
    let next = folder.path().join("next.json");
    std::fs::write(&next, resource.to_string()).expect("the file written");
    std::fs::rename(next, folder.path().join(PLUGIN)).expect("the file renamed");
}

fn judge(answer: &Answer) -> Option<Verdict> {
    match answer.status {
        200 if answer.body == "ok" => Some(Verdict::Application),
        503 if answer.body == BODY && answer.header("retry-after") == "60" => {
            Some(Verdict::Maintenance)
        }
        _ => None,
    }
}
