//! The instructions that Envoy executes, those of V8's code included, counted
//! by valgrind: nearly the same each time, whatever else the machine does.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::proxy::{self, Proxy};
use crate::rounds::{Http, send_exactly};

const WARM_UP: u32 = 100;
const REQUESTS: u32 = 1000;
const TIME_TO_DUMP: Duration = Duration::from_secs(30);

/// Whether there is a valgrind to count with.
pub fn can_be_counted() -> bool {
    let found = Command::new("valgrind").arg("--version").output().is_ok();
    if !found {
        eprintln!("instructions are not counted: valgrind is missing (Debian: valgrind)");
    }
    found
}

/// An Envoy whose instructions are counted.
pub struct Counted {
    proxy: Proxy,
    counts: PathBuf,
    taken: u32,
}

impl Counted {
    /// Takes most of a minute: everything runs some fifty times slower.
    pub async fn start(bootstrap: &Value) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let counts = folder.path().join("instructions");
        let file = format!("--callgrind-out-file={}", counts.display());
        let valgrind = ["valgrind", "--quiet", "--tool=callgrind", &file];
        let proxy = Proxy::start_under(&valgrind, folder, bootstrap, 1).await;
        Self { proxy, counts, taken: 0 }
    }

    /// How many instructions a request costs.
    pub fn request(&mut self, http: Http, port: u16, path: &str) -> f64 {
        let url = format!("http://127.0.0.1:{port}{path}");
        send_exactly(http, WARM_UP, &url);
        self.since_last();
        send_exactly(http, REQUESTS, &url);
        self.since_last() / f64::from(REQUESTS)
    }

    /// How many instructions there were since this was last asked.
    fn since_last(&mut self) -> f64 {
        self.taken += 1;
        let file = self.counts.with_extension(self.taken.to_string());
        let mut control = Command::new("callgrind_control");
        control.args(["--dump=count", &self.proxy.id().to_string()]);
        let output = control.output().expect("callgrind_control runs");
        let deadline = Instant::now() + TIME_TO_DUMP;
        loop {
            let text = fs::read_to_string(&file).unwrap_or_default();
            let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
            if let Some(total) = total.and_then(|total| total.trim().parse().ok()) {
                let _ = fs::write(file, "");
                return total;
            }
            assert!(Instant::now() < deadline, "no count: {output:?}");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// How many instructions `--mode validate` takes for a bootstrap.
pub fn load(bootstrap: &Value) -> f64 {
    let valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"];
    let (output, _) = proxy::validate(&valgrind, bootstrap);
    let text = String::from_utf8_lossy(&output.stderr);
    let collected =
        text.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    collected.unwrap_or_else(|| panic!("no count of instructions:\n{text}"))
}
