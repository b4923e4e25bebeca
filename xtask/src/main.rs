//! Measures the costs of the module: `size`, `bench`, `fleet`, `soak` and `throttled`. Writes
//! the admission policy: `admission`. Draws the dashboard during a switch:
//! `dashboard-picture`. The Makefile has a target for each but
//! `throttled`.

mod admission;
mod bench;
mod callgrind;
mod cgroup;
mod chart;
mod dashboard_picture;
mod ecds;
mod envoy_config;
mod fleet;
mod fuzz_seeds;
mod h2load;
mod hostile;
mod page;
mod process_usage;
mod results;
mod samples;
mod size;
mod soak;
mod startup;
mod table;
mod throttled;
mod variants;

use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: xtask admission | size LINKED.wasm SHIPPED.wasm | bench | dashboard-picture | soak REQUESTS | hostile REQUESTS \
    | fleet SIZE... | fuzz-seeds FOLDER | throttled OLD.wasm NEW.wasm";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["admission"] => admission::write(),
        ["size", linked, shipped] => size::print(linked, shipped),
        ["bench"] => bench::run().await,
        ["dashboard-picture"] => dashboard_picture::draw().await,
        ["soak", requests] if requests.parse::<u64>().is_ok() => {
            return soak::run(requests.parse().unwrap_or_default()).await;
        }
        ["fuzz-seeds", folder] => fuzz_seeds::write_all(Path::new(folder)),
        ["hostile", requests] if requests.parse::<u64>().is_ok() => {
            return hostile::run(requests.parse().unwrap_or_default()).await;
        }
        ["fleet", _, ..] => return fleet::run(&arguments[1..]).await,
        ["throttled", old, new] => throttled::run(Path::new(old), Path::new(new)).await,
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
