//! Command line of postlink: `make build` runs it on the output of the linker.

use std::process::ExitCode;
use std::{env, fs};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [linked, output] = &arguments[..] else {
        eprintln!("usage: postlink LINKED.wasm OUTPUT.wasm");
        return ExitCode::FAILURE;
    };
    match run(linked, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(linked: &str, output: &str) -> Result<(), String> {
    let module = fs::read(linked).map_err(|error| format!("{linked}: {error}"))?;
    let optimized = postlink::optimize(&module).map_err(|error| format!("{linked}: {error}"))?;
    fs::write(output, optimized).map_err(|error| format!("{output}: {error}"))
}
