//! Instructions that Envoy executes, V8's compiled code included, counted by
//! valgrind's tool callgrind. They differ by less than 1 % from run to run,
//! whatever else the machine does.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use harness::client::Http;
use harness::envoy::{EnvoyProcess, Launcher};
use serde_json::Value;
use tempfile::TempDir;

use crate::h2load;
use crate::startup;

const WARM_UP: u32 = 100;
const REQUESTS: u32 = 1000;
const TIME_TO_START: Duration = Duration::from_secs(300);
const TIME_TO_DUMP: Duration = Duration::from_secs(30);

/// Returns whether valgrind is installed.
pub fn is_available() -> bool {
    let is_found = Command::new("valgrind").arg("--version").output().is_ok();
    if !is_found {
        eprintln!("instructions are not counted: valgrind is missing (Debian: valgrind)");
    }
    is_found
}

/// An Envoy that runs under callgrind.
pub struct InstructionCounter {
    envoy: EnvoyProcess,
    output_file: PathBuf,
    dumps: u32,
}

impl InstructionCounter {
    /// Starts Envoy, which takes most of a minute: under callgrind everything runs some 50
    /// times slower.
    pub async fn start(bootstrap: &Value) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let output_file = folder.path().join("callgrind.out");
        let output_option = format!("--callgrind-out-file={}", output_file.display());
        let launcher = Launcher {
            wrapper: &["valgrind", "--quiet", "--tool=callgrind", &output_option],
            time_to_start: TIME_TO_START,
            ..Launcher::default()
        };
        let envoy = launcher.start(folder, &bootstrap.to_string()).await;
        Self { envoy, output_file, dumps: 0 }
    }

    /// Number of instructions that a request takes.
    pub fn per_request(&mut self, http: Http, url: &str, headers: &[&str]) -> f64 {
        h2load::send(http, 1, WARM_UP, url, headers);
        self.since_last_dump();
        h2load::send(http, 1, REQUESTS, url, headers);
        self.since_last_dump() / f64::from(REQUESTS)
    }

    /// Has callgrind write its counts to a new file and start again at zero.
    fn since_last_dump(&mut self) -> f64 {
        self.dumps += 1;
        let file = self.output_file.with_extension(format!("out.{}", self.dumps));
        let mut control = Command::new("callgrind_control");
        control.args(["--dump=count", &self.envoy.id().to_string()]);
        let output = control.output().expect("callgrind_control runs");
        let deadline = Instant::now() + TIME_TO_DUMP;
        loop {
            let dump = fs::read_to_string(&file).unwrap_or_default();
            if let Some(total) = total_of_dump(&dump) {
                // A dump has some ten megabytes.
                let _ = fs::remove_file(file);
                return total;
            }
            assert!(Instant::now() < deadline, "no dump from callgrind: {output:?}");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Number of instructions that `envoy --mode validate` takes for `bootstrap`.
pub fn instructions_to_validate(bootstrap: &Value) -> f64 {
    let wrapper = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"];
    let launcher = Launcher { wrapper: &wrapper, ..Launcher::default() };
    let output = startup::validate(&launcher, bootstrap);
    let text = String::from_utf8_lossy(&output.stderr);
    total_at_exit(&text).unwrap_or_else(|| panic!("no count from callgrind:\n{text}"))
}

/// The sum in a dump: its line `totals: 81694000`, the last one. A dump is
/// still being written as long as that line does not end.
fn total_of_dump(dump: &str) -> Option<f64> {
    let mut lines = dump.split_inclusive('\n');
    let total = lines.find_map(|line| line.strip_prefix("totals: ")?.strip_suffix('\n'))?;
    total.trim().parse().ok()
}

/// The sum that callgrind prints at exit: `==7== Collected : 637123456`.
fn total_at_exit(output: &str) -> Option<f64> {
    output.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn total_of_a_dump() {
        let dump = "# callgrind format\nversion: 1\npid: 7\nevents: Ir\nsummary: 5\n\n\
                    fn=(1) main\n12 3\n\ntotals: 81694000\n";
        assert_eq!(total_of_dump(dump), Some(81_694_000.0));
    }

    #[test]
    fn a_dump_that_is_still_being_written_has_no_total() {
        assert_eq!(total_of_dump(""), None);
        assert_eq!(total_of_dump("events: Ir\nfn=(1) main\n"), None);
        assert_eq!(total_of_dump("events: Ir\ntotals: 8169"), None);
    }

    #[test]
    fn total_at_the_exit_of_envoy() {
        let output = "==7== Callgrind, a call-graph generating cache profiler\n\
                      configuration '/tmp/bootstrap.yaml' OK\n==7== \n==7== Events    : Ir\n\
                      ==7== Collected : 637123456\n==7== \n";
        assert_eq!(total_at_exit(output), Some(637_123_456.0));
        assert_eq!(total_at_exit("valgrind: no program specified\n"), None);
    }
}
