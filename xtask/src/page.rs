//! The page of the documentation that shows the results.

use std::fs;
use std::process::Command;

use harness::envoy::launcher;
use harness::repository;

/// Page that a program writes between two marks.
pub struct Page {
    file: &'static str,
    begin: &'static str,
}

pub const PERFORMANCE: Page = Page {
    file: "docs/performance.md",
    begin: "<!-- measured: `make bench` writes from here -->\n",
};
pub const FLEET: Page = Page {
    file: "docs/fleet.md",
    begin: "<!-- measured: `make fleet UPDATE=1` writes from here -->\n",
};

const END: &str = "<!-- to here -->\n";

/// Envoy's version, and the machine.
pub fn machine() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name\t: "));
    let model = model.unwrap_or("an unknown processor");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let output = Command::new(launcher::binary()).arg("--version").output().expect("Envoy runs");
    let output = String::from_utf8_lossy(&output.stdout);
    let version = envoy_version(&output).unwrap_or("of an unknown version");
    format!("Envoy {version} on {cores} cores of {model}")
}

/// Load average of the machine.
pub fn load_average() -> String {
    let loadavg = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = loadavg.split(' ').next().unwrap_or("unknown");
    format!("The load average was {load} when it began; 0 is a quiet machine.")
}

/// `1.40.0` from `…  version: <commit>/1.40.0/Clean/RELEASE/BoringSSL`.
fn envoy_version(output: &str) -> Option<&str> {
    output.split_once("version: ")?.1.split('/').nth(1)
}

impl Page {
    /// Writes the results into the page.
    pub fn write(&self, text: &str) {
        let file = repository().join(self.file);
        let page = fs::read_to_string(&file).expect("the page");
        let page = self.replace_results(&page, text).expect("marks around the results");
        fs::write(&file, page).expect("the page written");
        println!("{} written", self.file);
    }

    /// `page` with `text` between its two marks; `None` if it has no such marks.
    fn replace_results(&self, page: &str, text: &str) -> Option<String> {
        let begin = self.begin;
        let (before, rest) = page.split_once(begin)?;
        let (_, after) = rest.split_once(END)?;
        Some(format!("{before}{begin}\n{text}\n{END}{after}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_replace_only_what_is_between_the_marks() {
        let begin = FLEET.begin;
        let page = format!("before\n{begin}\nold\n\n{END}after\n");
        let expected = format!("before\n{begin}\nnew\n{END}after\n");
        assert_eq!(FLEET.replace_results(&page, "new"), Some(expected));
        assert_eq!(FLEET.replace_results("no marks", "new"), None);
    }

    #[test]
    fn the_pages_have_the_marks() {
        for page in [PERFORMANCE, FLEET] {
            let text = fs::read_to_string(repository().join(page.file)).expect("the page");
            assert!(page.replace_results(&text, "").is_some(), "{}", page.file);
        }
    }

    #[test]
    fn version_of_envoy() {
        let output = "\nenvoy  version: 9e5580933739/1.40.0/Clean/RELEASE/BoringSSL\n\n";
        assert_eq!(envoy_version(output), Some("1.40.0"));
        assert_eq!(envoy_version("unknown option"), None);
    }
}
