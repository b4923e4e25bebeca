//! Charts, which Vega-Lite draws: `xtask/pictures/` has their specifications.

use std::io::Write as _;
use std::process::{Command, Stdio};

use harness::repository;
use serde_json::Value;

/// Draws a chart into `OUTPUT-light.svg` and `OUTPUT-dark.svg`. `datasets` has the
/// rows of each data set that the specification names.
pub fn draw(specification: &str, output: &str, datasets: &Value) {
    let mut command = Command::new("python3");
    command.arg("xtask/pictures/chart.py").args([specification, output]);
    let mut python = command.current_dir(repository()).stdin(Stdio::piped()).spawn();
    let python = python.as_mut().expect("python3 runs");
    let mut input = python.stdin.take().expect("a pipe");
    input.write_all(datasets.to_string().as_bytes()).expect("the data written");
    drop(input);
    let status = python.wait().expect("python3 ends");
    assert!(
        status.success(),
        "{output} not drawn: make sets PYTHONPATH to the folder of Vega-Lite"
    );
    println!("{output}-light.svg and {output}-dark.svg written");
}
