//! What the module costs: `size`, `bench` and `soak`. The Makefile's targets of
//! the same names call it.

mod bench;
mod chart;
mod page;
mod proxy;
mod rounds;
mod size;
mod soak;
mod startup;
mod table;
mod variants;

use std::process::ExitCode;

const USAGE: &str = "usage: xtask size MODULE | bench | soak REQUESTS";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["size", module] => size::print(module),
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
