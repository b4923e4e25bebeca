//! What the module costs: `size`, `bench` and `soak`. The Makefile's targets of
//! the same names call it.

mod bench;
mod chart;
mod instructions;
mod measured;
mod page;
mod proxy;
mod rounds;
mod size;
mod soak;
mod startup;
mod table;
mod variants;

use std::process::ExitCode;

const USAGE: &str = "usage: xtask size LINKED SHIPPED | bench | soak REQUESTS";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["size", linked, shipped] => size::print(linked, shipped),
        ["bench"] => bench::run().await,
        ["soak", requests] if requests.parse::<u64>().is_ok() => {
            return soak::run(requests.parse().unwrap_or_default()).await;
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
