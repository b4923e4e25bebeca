//! Stand-in for kubectl with the replies of a cluster, and runs of the plugin with it.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use harness::process::Process;
use harness::repository;
use serde_json::json;
use tempfile::TempDir;

use crate::find_program;

/// Programs that the plugin may use besides kubectl.
const PROGRAMS: [&str; 13] = [
    "env", "bash", "awk", "sed", "cat", "date", "mkdir", "mktemp", "mv", "rm", "sleep", "sort",
    "tr",
];
/// 2099-02-28T23:59:59Z.
pub const FAR: u64 = 4_076_006_399;
/// Replies of Kubernetes 1.36 without the permission for `pods` and for `pods/exec`.
pub const FORBIDDEN: [&str; 2] = [
    "Error from server (Forbidden): pods \"b\" is forbidden: User \"night\" cannot get resource \
     \"pods\" in API group \"\" in the namespace \"shop\"\n",
    "error: unable to upgrade connection: pods \"b\" is forbidden: User \"night\" cannot create \
     resource \"pods/exec\" in API group \"\" in the namespace \"shop\"\n",
];

/// Replies of the stand-in for kubectl.
pub struct Cluster(TempDir);

impl Cluster {
    /// Cluster with a pod for each line `NAME has-proxy|no-proxy terminating|-`.
    pub fn with_pods(lines: &[&str]) -> Self {
        let cluster = Self(TempDir::new().expect("a folder"));
        for folder in ["bin", "replies", "temporary"] {
            fs::create_dir(cluster.path(folder)).expect("a folder");
        }
        for program in PROGRAMS {
            link(&find_program(program), &cluster.path("bin").join(program));
        }
        let stand_in = repository().join("tests/commands/stand-in-kubectl.sh");
        link(&stand_in.canonicalize().expect("the stand-in"), &cluster.path("bin/kubectl"));
        let pods: String =
            lines.iter().fold(String::new(), |text, line| text + "shop " + line + "\n");
        cluster.reply("pods", &pods);
        cluster
    }

    /// Cluster with one proxy for each pair of a pod's name and its metrics.
    pub fn with_proxies(proxies: &[(&str, Metrics)]) -> Self {
        let lines: Vec<String> =
            proxies.iter().map(|(name, _)| format!("{name} has-proxy -")).collect();
        let cluster = Self::with_pods(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        for (name, metrics) in proxies {
            cluster.proxy(name, *metrics);
        }
        cluster
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Sets a reply. It replaces an earlier one in one step.
    pub fn reply(&self, name: &str, text: &str) {
        let part = self.path("part");
        fs::write(&part, text).expect("a reply");
        fs::rename(part, self.path("replies").join(name)).expect("a reply");
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path("replies").join(name)).unwrap_or_default()
    }

    /// Number of times that the pods were listed.
    pub fn lists(&self) -> usize {
        self.read("calls").lines().filter(|call| call.contains("get pods")).count()
    }

    pub fn proxy(&self, name: &str, metrics: Metrics) {
        self.reply(&format!("{name}.stats"), &metrics.stats());
        self.reply(
            &format!("{name}.filters"),
            &filters(&[r#"{"enabled":true,"retryAfterSeconds":300}"#]),
        );
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(plugin());
        command
            .args(arguments)
            .env_clear()
            .env("PATH", self.path("bin"))
            .env("STAND_IN", self.path("replies"))
            .env("TMPDIR", self.path("temporary"))
            .stdin(Stdio::null());
        command
    }

    /// Runs the plugin until it ends.
    pub fn run(&self, arguments: &[&str]) -> Run {
        let run = Run::from(self.command(arguments).output().expect("the plugin runs"));
        self.assert_no_temporary_files();
        run
    }

    /// Starts the plugin. The log has stdout and stderr.
    pub fn start(&self, arguments: &[&str]) -> Process {
        Process::spawn("kubectl maintenance", &mut self.command(arguments), &self.path("log"))
    }

    #[track_caller]
    pub fn assert_no_temporary_files(&self) {
        let left = fs::read_dir(self.path("temporary")).expect("a folder").count();
        assert_eq!(left, 0, "the plugin left temporary files");
    }
}

fn plugin() -> PathBuf {
    repository().join("istio/kubectl-maintenance")
}

fn link(target: &Path, path: &Path) {
    symlink(target, path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// Result of a run of the plugin.
#[derive(Debug)]
pub struct Run {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Self {
            status: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Run {
    #[track_caller]
    pub fn assert_status(&self, status: i32) {
        assert_eq!(self.status, Some(status), "{self:#?}");
    }

    /// Cells of the row of a pod.
    #[track_caller]
    pub fn row(&self, pod: &str) -> Vec<&str> {
        let line = self.stdout.lines().find(|line| line.split(' ').next() == Some(pod));
        let line = line.unwrap_or_else(|| panic!("no row of {pod}: {self:#?}"));
        line.split("   ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
    }

    #[track_caller]
    pub fn assert_says(&self, text: &str) {
        assert!(self.stdout.contains(text) || self.stderr.contains(text), "{text}: {self:#?}");
    }
}

/// Calls `test` with each row, with all rows at the same time. Most wait for a timeout.
pub fn at_once<Row: Sync>(rows: &[Row], test: impl Fn(&Row) + Sync) {
    thread::scope(|scope| rows.iter().for_each(|row| drop(scope.spawn(|| test(row)))));
}

/// Metrics of the filter in a proxy. Without `active` the proxy has none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Metrics {
    pub active: Option<u8>,
    pub dry_run: u8,
    pub window: [u64; 2],
    pub rejected: u64,
    pub would_reject: u64,
}

pub const ABSENT: Metrics =
    Metrics { active: None, dry_run: 0, window: [0, 0], rejected: 0, would_reject: 0 };
pub const OFF: Metrics = Metrics { active: Some(0), ..ABSENT };
pub const ON: Metrics = Metrics { active: Some(1), rejected: 12, ..ABSENT };
pub const DRY_RUN: Metrics = Metrics { active: Some(0), dry_run: 1, would_reject: 7, ..ABSENT };
pub const SCHEDULED: Metrics = Metrics { active: Some(0), window: [FAR, FAR + 60], ..ABSENT };

impl Metrics {
    /// Reply of Envoy to a request for the metrics.
    fn stats(self) -> String {
        let mut text = String::from("server.live: 1\n");
        if let Some(active) = self.active {
            for (name, value) in [
                ("active", active.into()),
                ("dry_run_active", self.dry_run.into()),
                ("dry_run_rejected_requests_total", self.would_reject),
                ("exempted_requests_total", 99),
                ("rejected_requests_total", self.rejected),
                ("window_end_timestamp_seconds", self.window[1]),
                ("window_start_timestamp_seconds", self.window[0]),
            ] {
                writeln!(text, "wasmcustom.maintenance_{name}: {value}").expect("text");
            }
        }
        text
    }
}

/// Reply of Envoy to a request for its filters, as recorded from Envoy 1.40.
pub fn filters(configurations: &[&str]) -> String {
    let mut text = String::from("{\n \"configs\": [\n");
    for configuration in configurations {
        let value = json!(configuration);
        let type_url = "type.googleapis.com/google.protobuf.StringValue";
        write!(
            text,
            "      \"configuration\": {{\n       \"@type\": \"{type_url}\",\n       \"value\": {value}\n      }},\n"
        )
        .expect("text");
    }
    text + " ]\n}\n"
}
