//! The page that shows what was measured.

use std::fs;
use std::process::Command;

use harness::repository;

use crate::proxy;

const PAGE: &str = "docs/performance.md";
const PICTURE: &str = "docs/performance.svg";
const BEGIN: &str = "<!-- measured: `make bench` writes from here -->\n";
const END: &str = "<!-- to here -->\n";

/// On what it is measured.
pub fn machine(rounds: usize) -> String {
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processor.lines().find_map(|line| line.strip_prefix("model name\t: "));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("an unknown number of");
    let version = Command::new(proxy::binary()).arg("--version").output().expect("Envoy runs");
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let version = version.split('/').nth_back(3).unwrap_or("of an unknown version");
    format!(
        "Envoy {version} on {cores} cores of {}, one worker, {rounds} rounds of each variant in turn; {load} \
         other processes wanted to run when it began, and 0 would be quiet.\n",
        model.unwrap_or("an unknown processor"),
    )
}

/// Puts what was measured into the page, and the picture beside it.
pub fn write(text: &str, picture: &str) {
    let file = repository().join(PAGE);
    let page = fs::read_to_string(&file).expect("the page");
    let (before, rest) = page.split_once(BEGIN).expect("where the measured part begins");
    let (_, after) = rest.split_once(END).expect("where it ends");
    fs::write(&file, format!("{before}{BEGIN}\n{text}\n{END}{after}")).expect("the page written");
    fs::write(repository().join(PICTURE), picture).expect("the picture written");
    println!("{PAGE} and {PICTURE} written");
}
