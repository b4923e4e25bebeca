//! The page of the documentation that shows the results.

use std::fs;
use std::process::Command;

use harness::envoy::launcher;
use harness::repository;
use serde_json::{Value, json};

use crate::chart;

const PAGE: &str = "docs/performance.md";
const PICTURE: &str = "docs/performance";
const BEGIN: &str = "<!-- measured: `make bench` writes from here -->\n";
const END: &str = "<!-- to here -->\n";

/// One sentence about Envoy, the machine and how busy it is.
pub fn describe_machine(rounds: usize) -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name\t: "));
    let model = model.unwrap_or("an unknown processor");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let loadavg = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = loadavg.split(' ').next().unwrap_or("unknown");
    let output = Command::new(launcher::binary()).arg("--version").output().expect("Envoy runs");
    let output = String::from_utf8_lossy(&output.stdout);
    let version = envoy_version(&output).unwrap_or("of an unknown version");
    format!(
        "Envoy {version} on {cores} cores of {model}, one worker, {rounds} rounds of each variant in turn. \
         The load average was {load} when it began; 0 is a quiet machine.\n",
    )
}

/// `1.40.0` from `…  version: <commit>/1.40.0/Clean/RELEASE/BoringSSL`.
fn envoy_version(output: &str) -> Option<&str> {
    output.split_once("version: ")?.1.split('/').nth(1)
}

/// Writes the results into the page, and the chart beside it.
pub fn write(text: &str, picture: &Value) {
    let file = repository().join(PAGE);
    let page = fs::read_to_string(&file).expect("the page");
    let page = replace_results(&page, text).expect("marks around the results");
    fs::write(&file, page).expect("the page written");
    println!("{PAGE} written");
    chart::draw("performance.vl.json", PICTURE, &json!({ "results": picture }));
}

/// `page` with `text` between its two marks; `None` if it has no such marks.
fn replace_results(page: &str, text: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{text}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_replace_only_what_is_between_the_marks() {
        let page = format!("before\n{BEGIN}\nold\n\n{END}after\n");
        let expected = format!("before\n{BEGIN}\nnew\n{END}after\n");
        assert_eq!(replace_results(&page, "new"), Some(expected));
        assert_eq!(replace_results("no marks", "new"), None);
    }

    #[test]
    fn the_page_has_the_marks() {
        let page = fs::read_to_string(repository().join(PAGE)).expect("the page");
        assert!(replace_results(&page, "").is_some());
    }

    #[test]
    fn version_of_envoy() {
        let output = "\nenvoy  version: 9e5580933739/1.40.0/Clean/RELEASE/BoringSSL\n\n";
        assert_eq!(envoy_version(output), Some("1.40.0"));
        assert_eq!(envoy_version("unknown option"), None);
    }
}
