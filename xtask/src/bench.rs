//! `make bench`: the cost of a request with this filter and with others, then
//! load time, memory and the time that a change of configuration takes.

use std::env;
use std::path::PathBuf;

use harness::client::Http;
use harness::envoy::{EnvoyProcess, Launcher};
use serde_json::json;
use tempfile::TempDir;

use crate::callgrind::{self, InstructionCounter};
use crate::results::{self, VariantResults};
use crate::variants::{self, Group, Modules};
use crate::{chart, envoy_config, h2load, page, process_usage, startup};

/// Envoy's core. The client has another one.
pub const PINNED: [&str; 3] = ["taskset", "-c", "0"];

/// Requests in a round of one variant: a third of a second.
const REQUESTS: u32 = 20_000;

/// Variants in one Envoy under valgrind, which offers little address space:
/// each VM reserves ten gigabytes of it.
const VARIANTS_PER_COUNTER: usize = 4;

/// Measures, prints the results and writes them into the documentation.
pub async fn run() {
    let rounds = env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(11);
    let folder = TempDir::new().expect("a temporary folder");
    let modules = Modules::assemble(folder.path());

    let machine = format!(
        "{}, one worker, {rounds} rounds of each variant in turn. {}\n",
        page::machine(),
        page::load_average(),
    );
    let variants = variants::all(&modules, &further_modules());
    let mut results: Vec<_> = variants.into_iter().map(VariantResults::new).collect();
    measure_times(&mut results, rounds).await;
    if callgrind::is_available() {
        count_instructions(&mut results).await;
    }
    let sections = [
        machine,
        results::tables(&results),
        results::growth(&results),
        results::fields(&results),
        startup::tables(&modules, rounds).await,
    ];
    let text = sections.join("\n");
    println!("{text}");
    page::PERFORMANCE.write(&text);
    let picture = json!({ "results": results::picture(&results) });
    chart::draw("performance.vl.json", "docs/performance", &picture);
}

/// Measures all variants in one Envoy, in turn: a disturbance of the machine
/// meets all of them.
async fn measure_times(results: &mut [VariantResults], rounds: usize) {
    let listeners: Vec<_> = results.iter().map(VariantResults::listener).collect();
    let folder = TempDir::new().expect("a temporary folder");
    let launcher = Launcher { wrapper: &PINNED, ..Launcher::default() };
    let envoy = launcher.start(folder, &envoy_config::bootstrap(&listeners).to_string()).await;
    for result in &*results {
        result.check().await;
    }
    // Round 0 warms up.
    for round in 0..=rounds {
        for result in &mut *results {
            for http in [Http::One, Http::Two] {
                if http == Http::Two && !result.is_measured_over_http2() {
                    continue;
                }
                let time = time_per_request(&envoy, http, result);
                if round > 0 {
                    result.costs_mut(http).time.add(time);
                }
            }
        }
        eprintln!("round {round} of {rounds}");
    }
}

/// Microseconds of Envoy's processor time for a request.
fn time_per_request(envoy: &EnvoyProcess, http: Http, of: &VariantResults) -> f64 {
    let connections = match http {
        Http::One => 16,
        Http::Two => 4,
    };
    let before = process_usage::processor_time(envoy.id());
    h2load::send(http, connections, REQUESTS, &of.url(), &of.variant.headers);
    (process_usage::processor_time(envoy.id()) - before) / f64::from(REQUESTS)
}

async fn count_instructions(results: &mut [VariantResults]) {
    let compared = results.iter_mut().filter(|result| result.variant.group != Group::Growing);
    let mut compared: Vec<_> = compared.collect();
    for results in compared.chunks_mut(VARIANTS_PER_COUNTER) {
        eprintln!("counting instructions, which takes a minute");
        let listeners: Vec<_> = results.iter().map(|result| result.listener()).collect();
        let mut counter = InstructionCounter::start(&envoy_config::bootstrap(&listeners)).await;
        for result in results {
            result.check().await;
            for http in [Http::One, Http::Two] {
                if http == Http::Two && !result.is_measured_over_http2() {
                    continue;
                }
                let count = counter.per_request(http, &result.url(), &result.variant.headers);
                result.costs_mut(http).instructions.add(count);
            }
        }
    }
}

/// Further modules to measure, from `MODULES`, as `label=path,label=path`.
fn further_modules() -> Vec<(String, PathBuf)> {
    let list = env::var("MODULES").unwrap_or_default();
    let pairs = list.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(label, path)| (label.into(), path.into())).collect()
}
