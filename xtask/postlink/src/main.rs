//! `make build` runs it on what the linker wrote.

use std::process::ExitCode;
use std::{env, fs};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [from, to] = &arguments[..] else {
        eprintln!("usage: postlink LINKED.wasm PLUGIN.wasm");
        return ExitCode::FAILURE;
    };
    let done = fs::read(from)
        .map_err(|error| format!("{from}: {error}"))
        .and_then(|module| postlink::improved(&module).map_err(|why| format!("{from}: {why}")))
        .and_then(|module| fs::write(to, module).map_err(|error| format!("{to}: {error}")));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}
