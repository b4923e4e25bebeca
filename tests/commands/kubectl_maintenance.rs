//! `kubectl maintenance` with a stand-in for kubectl, and with no program on PATH
//! that the plugin may not use. The suite `istio` runs it against a real API server.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use harness::process::Process;
use harness::repository;
use harness::wait::eventually;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Programs that the plugin may use besides kubectl.
const PROGRAMS: [&str; 13] = [
    "env", "bash", "awk", "sed", "cat", "date", "mkdir", "mktemp", "mv", "rm", "sleep", "sort",
    "tr",
];
const TIMEOUT: Duration = Duration::from_secs(20);
/// 2099-02-28T23:59:59Z.
const FAR: u64 = 4_076_006_399;
/// Replies of Kubernetes 1.36 without the permission for `pods` and for `pods/exec`.
const FORBIDDEN: [&str; 2] = [
    "Error from server (Forbidden): pods \"b\" is forbidden: User \"night\" cannot get resource \
     \"pods\" in API group \"\" in the namespace \"shop\"\n",
    "error: unable to upgrade connection: pods \"b\" is forbidden: User \"night\" cannot create \
     resource \"pods/exec\" in API group \"\" in the namespace \"shop\"\n",
];

/// Replies of the stand-in for kubectl.
struct Cluster(TempDir);

impl Cluster {
    /// Cluster with a pod for each line `NAME has-proxy|no-proxy terminating|-`.
    fn with_pods(lines: &[&str]) -> Self {
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
    fn with_proxies(proxies: &[(&str, Metrics)]) -> Self {
        let lines: Vec<String> =
            proxies.iter().map(|(name, _)| format!("{name} has-proxy -")).collect();
        let cluster = Self::with_pods(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        for (name, metrics) in proxies {
            cluster.proxy(name, *metrics);
        }
        cluster
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Sets a reply. It replaces an earlier one in one step.
    fn reply(&self, name: &str, text: &str) {
        let part = self.path("part");
        fs::write(&part, text).expect("a reply");
        fs::rename(part, self.path("replies").join(name)).expect("a reply");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path("replies").join(name)).unwrap_or_default()
    }

    fn proxy(&self, name: &str, metrics: Metrics) {
        self.reply(&format!("{name}.stats"), &metrics.stats());
        self.reply(
            &format!("{name}.filters"),
            &filters(&[r#"{"enabled":true,"retryAfterSeconds":300}"#]),
        );
    }

    fn command(&self, arguments: &[&str]) -> Command {
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
    fn run(&self, arguments: &[&str]) -> Run {
        let run = Run::from(self.command(arguments).output().expect("the plugin runs"));
        self.assert_no_temporary_files();
        run
    }

    /// Starts the plugin. The log has stdout and stderr.
    fn start(&self, arguments: &[&str]) -> Process {
        Process::spawn("kubectl maintenance", &mut self.command(arguments), &self.path("log"))
    }

    #[track_caller]
    fn assert_no_temporary_files(&self) {
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

fn find_program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").expect("PATH");
    let mut programs = std::env::split_paths(&path).map(|folder| folder.join(name));
    programs.find(|program| program.exists()).unwrap_or_else(|| panic!("{name} is missing"))
}

/// Result of a run of the plugin.
#[derive(Debug)]
struct Run {
    status: Option<i32>,
    stdout: String,
    stderr: String,
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
    fn assert_status(&self, status: i32) {
        assert_eq!(self.status, Some(status), "{self:#?}");
    }

    /// Cells of the row of a pod.
    #[track_caller]
    fn row(&self, pod: &str) -> Vec<&str> {
        let line = self.stdout.lines().find(|line| line.split(' ').next() == Some(pod));
        let line = line.unwrap_or_else(|| panic!("no row of {pod}: {self:#?}"));
        line.split("   ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
    }

    #[track_caller]
    fn assert_says(&self, text: &str) {
        assert!(self.stdout.contains(text) || self.stderr.contains(text), "{text}: {self:#?}");
    }
}

/// Calls `test` with each row, with all rows at the same time. Most wait for a timeout.
fn at_once<Row: Sync>(rows: &[Row], test: impl Fn(&Row) + Sync) {
    thread::scope(|scope| rows.iter().for_each(|row| drop(scope.spawn(|| test(row)))));
}

/// Metrics of the filter in a proxy. Without `active` the proxy has none.
#[derive(Clone, Copy, Debug, Default)]
struct Metrics {
    active: Option<u8>,
    dry_run: u8,
    window: [u64; 2],
    rejected: u64,
    would_reject: u64,
}

const ABSENT: Metrics =
    Metrics { active: None, dry_run: 0, window: [0, 0], rejected: 0, would_reject: 0 };
const OFF: Metrics = Metrics { active: Some(0), ..ABSENT };
const ON: Metrics = Metrics { active: Some(1), rejected: 12, ..ABSENT };
const DRY_RUN: Metrics = Metrics { active: Some(0), dry_run: 1, would_reject: 7, ..ABSENT };
const SCHEDULED: Metrics = Metrics { active: Some(0), window: [FAR, FAR + 60], ..ABSENT };

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
fn filters(configurations: &[&str]) -> String {
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

#[test]
fn every_state_has_its_row() {
    let cluster = Cluster::with_proxies(&[
        ("absent-1", ABSENT),
        ("dry.run-1", DRY_RUN),
        ("off-1", OFF),
        ("on-1", Metrics { window: [1_000, 1_795_485_600], ..ON }),
        ("scheduled-1", SCHEDULED),
        ("broken-1", ABSENT),
    ]);
    cluster.reply(
        "broken-1.error",
        "Error: dial tcp 127.0.0.1:15000: connect: connection refused\n\
        command terminated with exit code 255\n",
    );
    let run = cluster.run(&["status", "-n", "shop"]);
    run.assert_status(2);
    let header: Vec<_> = run.stdout.lines().next().expect("a line").split_whitespace().collect();
    assert_eq!(header, ["POD", "STATE", "RETRY-AFTER", "ENDS", "REJECTED"]);
    for (pod, cells) in [
        ("absent-1", ["Absent", "-", "-", "-"]),
        ("broken-1", ["Unreachable", "-", "-", "-"]),
        ("dry.run-1", ["DryRun", "-", "-", "0 (would be 7)"]),
        ("off-1", ["Off", "-", "-", "0"]),
        ("on-1", ["On", "300", "2026-11-24T02:00:00Z", "12"]),
        ("scheduled-1", ["Scheduled", "-", "2099-03-01T00:00:59Z", "0"]),
    ] {
        assert_eq!(run.row(pod)[1..], cells, "{pod}");
    }
    for text in [
        "Unreachable: broken-1: Error: dial tcp 127.0.0.1:15000: connect: connection refused\n",
        "Scheduled: the window starts at 2099-02-28T23:59:59Z.",
        "NOT CONFIRMED: 1 of 6 proxies are unreachable \
         (1 Absent, 1 DryRun, 1 Off, 1 On, 1 Scheduled, 1 Unreachable).",
        "It does not prove that",
    ] {
        run.assert_says(text);
    }
    assert!(!run.stdout.contains('\u{1b}') && run.stderr.is_empty(), "{run:#?}");
}

#[test]
fn the_exit_status_says_whether_every_proxy_is_in_the_state() {
    let mixed: &[(&str, Metrics)] = &[("a", ON), ("b", OFF)];
    let not_on: &[(&str, Metrics)] = &[("a", OFF), ("b", ABSENT), ("c", DRY_RUN), ("d", SCHEDULED)];
    let rows: [(&[(&str, Metrics)], &[&str], i32); 16] = [
        (mixed, &[], 1),
        (mixed, &["--wait", "on"], 1),
        (mixed, &["--wait", "off"], 1),
        (&[("a", ON), ("b", ON)], &[], 0),
        (&[("a", ON), ("b", ON)], &["--wait", "on"], 0),
        (&[("a", ON), ("b", ON)], &["--wait", "off"], 1),
        (&[("a", OFF), ("b", OFF)], &[], 0),
        (not_on, &[], 1),
        (not_on, &["--wait", "off"], 0),
        (not_on, &["--wait", "on"], 1),
        (&[("a", ABSENT)], &["--wait", "on"], 1),
        (&[("a", SCHEDULED)], &["--wait", "on"], 1),
        (&[("a", DRY_RUN)], &["--wait", "on"], 1),
        (&[], &[], 2),
        (&[], &["--wait", "on"], 2),
        (&[], &["--wait", "off"], 2),
    ];
    at_once(&rows, |(proxies, arguments, status)| {
        let cluster = Cluster::with_proxies(proxies);
        for output in ["table", "json"] {
            let common = ["--timeout", "1s", "-o", output];
            let run = cluster.run(&[&["status"], *arguments, &common].concat());
            assert_eq!(run.status, Some(*status), "{proxies:?} {arguments:?}: {run:#?}");
        }
    });
}

/// Neither a broken reply nor a failed one passes for a proxy without the filter.
#[test]
fn a_proxy_that_does_not_reply_is_unreachable() {
    let rows = [
        ("", "", "the reply is not from an Envoy proxy"),
        ("invalid path. admin commands are:\n", "", "the reply is not from an Envoy proxy"),
        (
            "server.live: x\nwasmcustom.maintenance_active: 1\n",
            "",
            "the reply is not from an Envoy proxy",
        ),
        ("", FORBIDDEN[0], "cannot get resource \"pods\""),
        ("", FORBIDDEN[1], "cannot create resource \"pods/exec\""),
        (
            "",
            "error: unable to upgrade connection: container not found (\"istio-proxy\")\n",
            "container not found",
        ),
        (
            "",
            "error: unable to upgrade connection: pod a does not have a host assigned\n",
            "host assigned",
        ),
        (
            "",
            "OCI runtime exec failed: exec: \"pilot-agent\": executable file not found\n",
            "executable file not found",
        ),
    ];
    at_once(&rows, |(stats, error, reason)| {
        let cluster = Cluster::with_proxies(&[("a", ON), ("b", OFF)]);
        cluster.reply("b.stats", stats);
        if !error.is_empty() {
            cluster.reply("b.error", error);
        }
        for wait in
            [&[][..], &["--wait", "on", "--timeout", "1s"], &["--wait", "off", "--timeout", "1s"]]
        {
            let run = cluster.run(&[&["status"], wait].concat());
            run.assert_status(2);
            assert_eq!(run.row("b")[1..], ["Unreachable", "-", "-", "-"]);
            run.assert_says(reason);
            assert_eq!(error.contains("forbidden"), run.stdout.contains("Needed: "), "{run:#?}");
        }
    });
}

#[test]
fn without_permission_it_does_not_wait_and_names_the_verbs() {
    let cluster = Cluster::with_proxies(&[("b", ON)]);
    let wait = ["status", "--wait", "on", "--timeout", "1h"];
    for error in FORBIDDEN {
        cluster.reply("b.error", error);
        let run = cluster.run(&wait);
        run.assert_status(2);
        run.assert_says("the verb get on pods, and get and create on pods/exec");
    }

    let list = "Error from server (Forbidden): pods is forbidden: User \"night\" cannot list resource \
                \"pods\" in API group \"\" in the namespace \"shop\"\n";
    cluster.reply("pods.error", list);
    let run = cluster.run(&wait);
    run.assert_status(2);
    run.assert_says("cannot list resource");
    run.assert_says("the verb list on pods");
    let json = cluster.run(&[&wait[..], &["-o", "json"]].concat());
    let value: Value = serde_json::from_str(&json.stdout).expect(&json.stdout);
    assert_eq!(value["error"], json!(list.trim_end()));
    assert_eq!(value["proxies"], json!([]));
}

#[tokio::test]
async fn wait_ends_when_the_last_proxy_is_on_and_shows_each_change_once() {
    let cluster = Cluster::with_proxies(&[("a", ON), ("b", OFF), ("c", OFF)]);
    cluster.reply(
        "c.error",
        "error: unable to upgrade connection: container not found (\"istio-proxy\")\n",
    );
    let mut process = cluster.start(&["status", "--wait", "on", "--timeout", "1h"]);
    until_log_has(&process, "waiting for on: 1 Off, 1 On, 1 Unreachable (").await;
    fs::remove_file(cluster.path("replies/c.error")).expect("a reply");
    until_log_has(&process, "waiting for on: 2 Off, 1 On (").await;
    cluster.reply("pods.error", "Unable to connect to the server: EOF\n");
    until_log_has(&process, "waiting for on: Unable to connect to the server: EOF (").await;
    fs::remove_file(cluster.path("replies/pods.error")).expect("a reply");
    cluster.proxy("b", ON);
    until_log_has(&process, "waiting for on: 1 Off, 2 On (").await;
    cluster.proxy("c", ON);
    let status = eventually("the plugin ends", TIMEOUT, async || process.exited()).await;
    let log = process.log();
    assert!(status.success(), "{log}");
    assert!(log.contains("Maintenance is on in 3 of 3 proxies (3 On)."), "{log}");
    let lines: Vec<_> = log.lines().filter(|line| line.starts_with("waiting")).collect();
    assert!(lines.windows(2).all(|pair| without_time(pair[0]) != without_time(pair[1])), "{log}");
    assert!(!log.contains(['\u{1b}', '\r']), "{log:?}");
    cluster.assert_no_temporary_files();
}

fn without_time(line: &str) -> &str {
    line.rsplit_once(" (").expect("a time").0
}

async fn until_log_has(process: &Process, text: &str) {
    let shown = async || process.log().contains(text).then_some(());
    eventually(&format!("the plugin prints {text:?}"), TIMEOUT, shown).await;
}

#[test]
fn wait_gives_up_at_the_timeout() {
    let cluster = Cluster::with_proxies(&[("a", ON), ("b", OFF)]);
    let began = Instant::now();
    let run = cluster.run(&["status", "--wait", "on", "--timeout", "2s"]);
    assert!((1..=15).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    run.assert_status(1);
    run.assert_says("NOT REACHED within 2 s: maintenance is on in 1 of 2 proxies (1 Off, 1 On).");
}

#[test]
fn eight_proxies_are_asked_at_a_time_and_no_more() {
    let names: Vec<String> = (1..=24).map(|number| format!("shop-{number}")).collect();
    let proxies: Vec<_> = names.iter().map(|name| (name.as_str(), OFF)).collect();
    let cluster = Cluster::with_proxies(&proxies);
    cluster.reply("together", "8");
    cluster.run(&["status"]).assert_status(0);
    let (mut running, mut most) = (0, 0);
    for line in cluster.read("execs").lines() {
        running += if line == "start" { 1 } else { -1 };
        most = most.max(running);
    }
    assert_eq!((running, most), (0, 8));
}

#[test]
fn a_proxy_that_hangs_does_not_hold_up_the_others() {
    let cluster = Cluster::with_proxies(&[("a", ON), ("slow", ON), ("z", ON)]);
    cluster.reply("slow.hangs", "");
    let began = Instant::now();
    let run = cluster.run(&["status", "--request-timeout", "1s"]);
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    run.assert_status(2);
    assert_eq!(run.row("slow")[1], "Unreachable");
    run.assert_says("Unreachable: slow: no reply within 1 s");
    assert_eq!((run.row("a")[1], run.row("z")[1]), ("On", "On"));
    assert!(run.stderr.is_empty(), "{run:#?}");
    assert!(!is_running(&cluster.read("slow.hangs")), "the hung kubectl is still running");
}

fn is_running(process: &str) -> bool {
    let folder = Path::new("/proc").join(process.trim());
    let status = fs::read_to_string(folder.join("status")).unwrap_or_default();
    !status.is_empty() && !status.contains("State:\tZ")
}

#[tokio::test]
async fn a_signal_ends_it_and_everything_it_started() {
    let cluster = Cluster::with_proxies(&[("slow", ON)]);
    cluster.reply("slow.hangs", "");
    let mut process = cluster.start(&["status", "--wait", "on", "--timeout", "1h"]);
    let asked = async || (!cluster.read("slow.hangs").is_empty()).then_some(());
    eventually("the proxy is asked", TIMEOUT, asked).await;
    process.stop();
    assert_eq!(process.exited().and_then(|status| status.code()), Some(143));
    assert!(!is_running(&cluster.read("slow.hangs")), "the hung kubectl is still running");
    cluster.assert_no_temporary_files();
}

#[test]
fn pods_that_go_away_are_left_out_and_their_replacements_are_asked() {
    let gone = "Error from server (NotFound): pods \"gone\" not found\n";
    let cluster = Cluster::with_proxies(&[("a", ON), ("gone", ON)]);
    cluster.reply("gone.error", gone);
    let run = cluster.run(&["status"]);
    run.assert_status(1);
    run.assert_says("Pods that went away meanwhile: 1");
    run.assert_says("NOT CONFIRMED (1 On).");
    assert!(!run.stdout.contains("Unreachable"), "{run:#?}");
    let lists = || cluster.read("calls").lines().filter(|call| call.contains("get pods")).count();
    assert_eq!(lists(), 3, "the list is read again");

    // A completed pod does not serve either. A message about another object is no sign that the pod went away.
    cluster.reply(
        "gone.error",
        "error: cannot exec into a container in a completed pod; current phase is Failed\n",
    );
    assert!(!cluster.run(&["status"]).stdout.contains("Unreachable"));
    cluster.reply("gone.error", "Error from server (NotFound): nodes \"node-1\" not found\n");
    assert_eq!(cluster.run(&["status"]).row("gone")[1], "Unreachable");
}

#[test]
fn terminating_and_unprotected_pods_are_marked() {
    let mut lines =
        vec!["shop-1 has-proxy terminating".to_owned(), "shop-2 has-proxy -".to_owned()];
    lines.extend((10..=21).map(|number| format!("bare-{number} no-proxy -")));
    let cluster = Cluster::with_pods(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    cluster.proxy("shop-1", ON);
    cluster.proxy("shop-2", ON);
    let run = cluster.run(&["status", "--wait=on"]);
    run.assert_status(0);
    run.assert_says("shop-1 (terminating)   On ");
    run.assert_says(
        "Not protected, because they have no container istio-proxy: bare-10, bare-11, ",
    );
    run.assert_says("bare-19 and 2 more\n");
    assert!(!run.stdout.contains("bare-20"));
    let json: Value =
        serde_json::from_str(&cluster.run(&["status", "-ojson"]).stdout).expect("JSON");
    assert_eq!(json["podsWithoutProxy"].as_array().map(Vec::len), Some(12));
    assert_eq!(json["proxies"][0]["terminating"], json!(true));
    assert_eq!(json["proxies"][1]["terminating"], json!(false));

    let cluster = Cluster::with_pods(&["bare no-proxy -"]);
    let run = cluster.run(&["status", "-n", "shop"]);
    run.assert_status(2);
    assert_eq!(
        run.stderr,
        "error: no pod of the namespace shop has a container istio-proxy\nNot protected: bare\n"
    );
}

#[test]
fn all_namespaces_adds_a_column() {
    let cluster = Cluster::with_pods(&[]);
    cluster.reply("pods", "pay a has-proxy -\nshop a has-proxy -\nshop bare no-proxy -\n");
    cluster.proxy("a", OFF);
    let run = cluster.run(&["status", "-A"]);
    run.assert_status(0);
    assert!(run.stdout.starts_with("NAMESPACE   POD   STATE"), "{run:#?}");
    assert_eq!(run.row("pay")[..3], ["pay", "a", "Off"]);
    run.assert_says(": shop/bare\n");
    let calls = cluster.read("calls");
    assert!(calls.contains(
        "get pods --field-selector=status.phase!=Succeeded,status.phase!=Failed --all-namespaces"
    ));
    assert!(
        calls.contains("exec --namespace=pay a ") && calls.contains("exec --namespace=shop a ")
    );
}

#[test]
fn retry_after_is_read_from_the_configuration_of_the_proxy() {
    let on = |fields: &str| format!(r#"{{"enabled":true{fields}}}"#);
    for (configurations, expected) in [
        (vec![on(r#","retryAfterSeconds":300"#)], "300"),
        (vec![on(r#","retryAfterSeconds":88"#), on(r#", "retryAfterSeconds": 300"#)], "88,300"),
        (vec![on(r#","retryAfterSeconds":300"#), on(r#","retryAfterSeconds":300"#)], "300"),
        (vec![on("")], "-"),
        (vec![], "-"),
        (vec![r#"{"enabled":false,"retryAfterSeconds":60}"#.into(), on(r#","retryAfterSeconds":5"#)], "5"),
        (vec![on(r#","dryRun":true,"retryAfterSeconds":60"#), on(r#","retryAfterSeconds":5"#)], "5"),
        // A body that looks like a configuration.
        (vec![on(r#","response":{"body":"{\"retryAfterSeconds\":5,\"dryRun\":true}"},"retryAfterSeconds":7"#)], "7"),
        (vec![r#"{"enabled":false,"response":{"body":"{\"enabled\":true}"},"retryAfterSeconds":7}"#.into()], "-"),
    ] {
        let cluster = Cluster::with_proxies(&[("a", ON)]);
        let texts: Vec<&str> = configurations.iter().map(String::as_str).collect();
        cluster.reply("a.filters", &filters(&texts));
        assert_eq!(cluster.run(&["status"]).row("a")[2], expected, "{configurations:?}");
        let json: Value = serde_json::from_str(&cluster.run(&["status", "-o=json"]).stdout).expect("JSON");
        let list = if expected == "-" { "[]".into() } else { format!("[{expected}]") };
        assert_eq!(json["proxies"][0]["retryAfterSeconds"].to_string(), list);
    }
    // A second question only to proxies that are on.
    let cluster = Cluster::with_proxies(&[("a", ON), ("b", OFF)]);
    cluster.run(&["status"]);
    let calls = cluster.read("calls");
    let asked: Vec<_> = calls.lines().filter(|call| call.contains("config_dump")).collect();
    assert_eq!(asked.len(), 1, "{calls}");
    assert!(asked[0].contains(" a --container=istio-proxy "), "{calls}");
}

#[test]
fn times_are_right_on_the_edges_of_the_calendar() {
    for (end, expected) in [
        (951_782_400, "2000-02-29T00:00:00Z"),
        (951_868_799, "2000-02-29T23:59:59Z"),
        (1_709_251_199, "2024-02-29T23:59:59Z"),
        (1_735_689_599, "2024-12-31T23:59:59Z"),
        (1_767_225_600, "2026-01-01T00:00:00Z"),
        (4_107_542_399, "2100-02-28T23:59:59Z"),
        (4_107_542_400, "2100-03-01T00:00:00Z"),
    ] {
        let cluster = Cluster::with_proxies(&[("a", Metrics { window: [0, end], ..ON })]);
        assert_eq!(cluster.run(&["status"]).row("a")[3], expected);
    }
}

#[test]
fn json_has_every_row_and_is_valid_whatever_kubectl_says() {
    let window = Metrics { window: [1_000, FAR], ..ON };
    let cluster =
        Cluster::with_proxies(&[("a", window), ("b", DRY_RUN), ("c", ABSENT), ("d", OFF)]);
    cluster.reply(
        "d.error",
        "error: \"quotes\", back\\slash, tab\t, \u{1b}[31mred\u{1b}[0m, \u{fc}ml\u{e4}ut\r\n",
    );
    let run = cluster.run(&["status", "-o", "json"]);
    run.assert_status(2);
    let value: Value = serde_json::from_str(&run.stdout).expect(&run.stdout);
    assert_eq!(
        value,
        json!({
            "exitStatus": 2,
            "error": null,
            "proxies": [
                {"namespace": "shop", "pod": "a", "state": "On", "terminating": false,
                 "retryAfterSeconds": [300], "windowStart": "1970-01-01T00:16:40Z",
                 "windowEnd": "2099-02-28T23:59:59Z", "rejectedRequests": 12, "dryRunRejectedRequests": 0},
                {"namespace": "shop", "pod": "b", "state": "DryRun", "terminating": false,
                 "retryAfterSeconds": [], "windowStart": null, "windowEnd": null,
                 "rejectedRequests": 0, "dryRunRejectedRequests": 7},
                {"namespace": "shop", "pod": "c", "state": "Absent", "terminating": false,
                 "retryAfterSeconds": [], "windowStart": null, "windowEnd": null,
                 "rejectedRequests": null, "dryRunRejectedRequests": null},
                {"namespace": "shop", "pod": "d", "state": "Unreachable", "terminating": false,
                 "retryAfterSeconds": [], "windowStart": null, "windowEnd": null,
                 "rejectedRequests": null, "dryRunRejectedRequests": null,
                 "reason": "error: \"quotes\", back\\slash, tab?, ?[31mred?[0m, ??ml??ut?"},
            ],
            "podsWithoutProxy": [],
        })
    );
    assert!(run.stderr.is_empty(), "{run:#?}");
}

#[test]
fn wrong_usage_is_refused_before_anything_is_asked() {
    let cluster = Cluster::with_proxies(&[("a", ON)]);
    for (arguments, message) in [
        (&[][..], "kubectl maintenance status"),
        (&["stauts"], "unknown command: stauts"),
        (&["status", "shop"], "unknown option for status: shop"),
        (&["status", "--watch"], "unknown option for status: --watch"),
        (&["status", "-n"], "-n needs a value"),
        (&["status", "--namespace="], "--namespace needs a value"),
        (&["status", "-n", "-A"], "-A is not the name of a namespace"),
        (&["status", "-n", "a b"], "a b is not the name of a namespace"),
        (&["status", "-n", "shop", "-A"], "-n and -A exclude each other"),
        (&["status", "--all-namespaces=yes"], "--all-namespaces takes no value"),
        (&["status", "--wait", "maybe"], "--wait: maybe is not allowed: must be on or off"),
        (&["status", "--timeout", "soon"], "--timeout: soon is no duration"),
        (&["status", "--timeout", "0s"], "--timeout: 0s is no duration"),
        (&["status", "--request-timeout", "1d"], "--request-timeout: 1d is no duration"),
        (&["status", "-o", "yaml"], "--output: yaml is not allowed: must be json or table"),
        (&["status", "--retry-after", "300"], "unknown option for status: --retry-after"),
        (&["on"], "on needs --retry-after SECONDS"),
        (&["on", "--retry-after", "300", "-A"], "unknown option for on: -A"),
        (&["on", "--retry-after", "300", "-l", "a=b"], "unknown option for on: -l"),
        (&["on", "--retry-after", "0"], "--retry-after: 0 is not allowed"),
        (&["on", "--retry-after", "604801"], "from 1 to 604800"),
        (&["on", "--retry-after", "99999999999999999999"], "from 1 to 604800"),
        (&["on", "--retry-after", "-5"], "--retry-after: -5 is not allowed"),
        (&["on", "--retry-after", "08"], "--retry-after: 08 is not allowed"),
        (&["on", "--retry-after", "5m"], "--retry-after: 5m is not allowed"),
        (&["off", "--retry-after", "300"], "unknown option for off: --retry-after"),
        (&["dry-run", "--until", "2099-01-01T00:00:00Z"], "unknown option for dry-run: --until"),
    ] {
        let run = cluster.run(arguments);
        assert_eq!(run.status, Some(3), "{arguments:?}: {run:#?}");
        assert!(run.stderr.contains(message) && run.stdout.is_empty(), "{arguments:?}: {run:#?}");
    }
    assert_eq!(cluster.read("calls"), "", "kubectl was called");
}

#[test]
fn until_must_be_a_time_to_come() {
    let cluster = Cluster::with_pods(&[]);
    cluster.reply("plugins", "maintenance-standby maintenance-filter off\n");
    cluster.reply("patch", "shop");
    let on = |until: &str| cluster.run(&["on", "--retry-after", "300", "--until", until]);
    for until in [
        "tomorrow",
        "2099-01-01",
        "2099-01-01T00:00:00",
        "2099-01-01 00:00:00Z",
        "2099-01-01T00:00:00.5Z",
        "2099-01-01T00:00Z",
        "2099-13-01T00:00:00Z",
        "2099-00-01T00:00:00Z",
        "2099-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2099-04-31T00:00:00Z",
        "2099-01-00T00:00:00Z",
        "2099-01-01T24:00:00Z",
        "2099-01-01T00:60:00Z",
        "2099-01-01T00:00:60Z",
        "2099-01-01T00:00:00+24:00",
        "2099-01-01T00:00:00+1",
        "2099-01-01T00:00:00Z\",\"x\":\"",
        "\n2099-01-01T00:00:00Z",
    ] {
        let run = on(until);
        run.assert_status(3);
        assert!(run.stderr.contains("is no time of RFC 3339"), "{until:?}: {run:#?}");
    }
    for (offset, seconds) in [("Z", 0), ("+00:00", 0), ("+05:30", 19_800), ("-11:00", -39_600)] {
        for (from_now, accepted) in [(-30, false), (30, true), (-90_000, false), (90_000, true)] {
            let until = local_time(from_now + seconds) + offset;
            let run = on(&until);
            assert_eq!(run.status == Some(0), accepted, "{until}: {run:#?}");
            assert_eq!(run.stderr.contains("is in the past; it is now 20"), !accepted, "{run:#?}");
        }
    }
    for until in ["2096-02-29T00:00:00Z", "2099-12-31T23:59:59-23:59"] {
        on(until).assert_status(0);
    }
}

/// Time in UTC, `seconds` from now, without an offset.
fn local_time(seconds: i64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time");
    let time = i64::try_from(now.as_secs()).expect("a time") + seconds;
    let arguments = ["-u", "-d", &format!("@{time}"), "+%Y-%m-%dT%H:%M:%S"];
    let output = Command::new("date").args(arguments).output().expect("date runs");
    String::from_utf8(output.stdout).expect("text").trim().into()
}

#[test]
fn on_off_and_dry_run_patch_the_standby_plugin_and_say_what_to_run_next() {
    let cluster = Cluster::with_pods(&[]);
    cluster.reply("plugins", "maintenance-standby maintenance-filter off\n");
    cluster.reply("patch", "shop");
    let until = "2099-01-01T06:00:00+02:00";
    for (arguments, fields, next) in [
        (
            &["on", "--retry-after", "300"][..],
            r#"{"enabled":true,"dryRun":null,"retryAfterSeconds":300,"window":null}"#.to_owned(),
            "  kubectl maintenance status -n shop --wait on\n",
        ),
        (
            &["on", "--retry-after=604800", "--until", until],
            format!(
                r#"{{"enabled":true,"dryRun":null,"retryAfterSeconds":604800,"window":{{"start":null,"end":"{until}","onEnd":"Stop"}}}}"#
            ),
            "  kubectl maintenance status -n shop --wait on\n",
        ),
        (
            &["off"],
            r#"{"enabled":false,"dryRun":null,"window":null}"#.to_owned(),
            "  kubectl maintenance status -n shop --wait off\n",
        ),
        (
            &["dry-run", "-nshop"],
            r#"{"enabled":true,"dryRun":true,"window":null}"#.to_owned(),
            "  kubectl maintenance status -n shop\n",
        ),
    ] {
        let run = cluster.run(arguments);
        run.assert_status(0);
        let patch = format!(r#"{{"spec":{{"pluginConfig":{fields}}}}}"#);
        serde_json::from_str::<Value>(&patch).expect("JSON");
        assert_eq!(
            run.stdout,
            format!(
                "Patched the WasmPlugin maintenance-standby in the namespace shop: {patch}\n\
                 No proxy has confirmed it yet. To see that each has:\n{next}"
            )
        );
        let calls = cluster.read("calls");
        let call = calls.lines().last().expect("a call");
        let expected =
            "patch wasmplugins.extensions.istio.io maintenance-standby --type=merge --patch=";
        assert!(call.contains(&format!("{expected}{patch} ")), "{call}");
    }
}

#[test]
fn the_context_is_passed_on_and_named_in_what_to_run_next() {
    let cluster = Cluster::with_proxies(&[("a", ON)]);
    cluster.reply("plugins", "maintenance-standby maintenance-filter off\n");
    cluster.reply("patch", "shop");
    let context = ["--context", "admin@prod (eu); x", "--kubeconfig=/tmp/my config"];
    let run = cluster.run(&[&["off"], &context[..]].concat());
    run.assert_says(
        "  kubectl maintenance status -n shop --wait off --context=admin@prod\\ \\(eu\\)\\;\\ x \
         --kubeconfig=/tmp/my\\ config\n",
    );
    cluster.run(&[&["status", "-l", "app in (a,b),!c"], &context[..]].concat()).assert_status(0);
    let calls = cluster.read("calls");
    assert!(calls.contains("--selector=app in (a,b),!c"), "{calls}");
    for call in calls.lines() {
        assert!(
            call.contains("--context=admin@prod (eu); x --kubeconfig=/tmp/my config "),
            "{call}"
        );
    }
}

#[test]
fn nothing_is_patched_if_the_plugin_is_missing_or_a_dry_run_would_open_the_service() {
    let cluster = Cluster::with_pods(&[]);
    cluster.reply("patch", "shop");
    cluster.reply("plugins", "maintenance-mode maintenance-filter on\nother  off\n");
    let run = cluster.run(&["off", "-n", "shop"]);
    run.assert_status(2);
    run.assert_says("error: there is no WasmPlugin maintenance-standby in the namespace shop; nothing was changed.");
    run.assert_says("  kubectl apply -n shop -f istio/standby\n");

    cluster.reply("plugins", "maintenance-standby maintenance-filter on\n");
    let run = cluster.run(&["dry-run"]);
    run.assert_status(1);
    run.assert_says("a dry run would let every request through; nothing was changed.");
    run.assert_says("  kubectl maintenance off\n");

    for (error, message) in [
        ("error: the server doesn't have a resource type \"wasmplugins\"\n", "is Istio installed?"),
        (
            "Error from server (Forbidden): wasmplugins.extensions.istio.io is forbidden\n",
            "the verbs get, list and patch on wasmplugins.extensions.istio.io",
        ),
        ("Unable to connect to the server: EOF\n", "error: Unable to connect to the server: EOF"),
    ] {
        cluster.reply("plugins.error", error);
        let run = cluster.run(&["off"]);
        run.assert_status(2);
        run.assert_says(message);
    }
    assert!(!cluster.read("calls").contains(" patch "), "something was patched");
}

#[test]
fn a_refused_patch_is_reported_and_another_plugin_that_stays_on_is_named() {
    let cluster = Cluster::with_pods(&[]);
    let plugins = "maintenance-mode maintenance-filter on\nmaintenance-standby maintenance-filter on\nother  on\n";
    cluster.reply("plugins", plugins);
    cluster.reply("patch", "shop");
    let run = cluster.run(&["off"]);
    run.assert_status(0);
    run.assert_says(
        "NOTE: the WasmPlugin maintenance-mode of this namespace is on, and keeps maintenance on. \
         To turn it off as well:\n  kubectl delete -n shop wasmplugins.extensions.istio.io maintenance-mode\n",
    );
    assert!(!run.stdout.contains("other"));
    assert!(!cluster.run(&["on", "--retry-after", "5"]).stdout.contains("NOTE"));

    let denied = "The wasmplugins \"maintenance-standby\" is invalid: : ValidatingAdmissionPolicy \
                  'maintenance-filter' with binding 'maintenance-filter' denied request: pluginConfig.window: unknown field";
    cluster.reply("patch.error", denied);
    let run = cluster.run(&["on", "--retry-after", "5"]);
    run.assert_status(2);
    assert_eq!((run.stdout.as_str(), run.stderr), ("", format!("error: {denied}\n")));
}

#[test]
fn help_is_there_for_everything() {
    let cluster = Cluster::with_pods(&[]);
    for (arguments, text) in [
        (&["--help"][..], "kubectl maintenance dry-run [-n NAMESPACE]"),
        (&["help"], "kubectl maintenance dry-run [-n NAMESPACE]"),
        (&["-h"], "kubectl maintenance dry-run [-n NAMESPACE]"),
        (&["help", "status"], "Unreachable  the proxy did not reply"),
        (&["status", "--help"], "Exit status: 0 every proxy"),
        (&["status", "-n", "shop", "-h"], "Exit status: 0 every proxy"),
        (&["on", "--help"], "--until TIME"),
        (&["off", "--help"], "Exit status: 0 patched"),
        (&["dry-run", "--help"], "Refused while the plugin is on"),
    ] {
        let run = cluster.run(arguments);
        run.assert_status(0);
        assert!(run.stdout.contains(text) && run.stderr.is_empty(), "{arguments:?}: {run:#?}");
        assert!(run.stdout.lines().all(|line| line.len() <= 120), "{arguments:?}");
    }
}

#[test]
fn without_kubectl_it_says_so() {
    let cluster = Cluster::with_pods(&[]);
    fs::remove_file(cluster.path("bin/kubectl")).expect("the stand-in");
    for arguments in [&["status"][..], &["off"]] {
        let run = cluster.run(arguments);
        run.assert_status(2);
        assert_eq!(run.stderr, "error: kubectl is not on PATH\n");
    }
}

/// On a terminal, states have colours and the progress is one line that changes.
/// `NO_COLOR` turns the colours off.
#[test]
fn colours_and_the_changing_line_are_for_terminals() {
    let cluster = Cluster::with_proxies(&[("a", OFF)]);
    let on_terminal = |no_color: &str| {
        let mut command = cluster.command(&[]);
        command = with_environment_of(&command, "script");
        let line = format!("{} status --wait on --timeout 1s", plugin().display());
        command.args(["--quiet", "--command", &line, "/dev/null"]);
        command.env("TERM", "xterm").env("NO_COLOR", no_color).env("SHELL", "/bin/sh");
        let output = command.output().expect("script runs");
        String::from_utf8(output.stdout).expect("text")
    };
    let text = on_terminal("");
    assert!(text.contains("\r\u{1b}[Kwaiting for on: 1 Off (0 s of 1 s)"), "{text:?}");
    assert!(!text.contains(" 1 s)\r\n"), "{text:?}");
    assert!(text.contains("\u{1b}[32mOff"), "{text:?}");
    let plain = on_terminal("1");
    assert!(
        plain.contains("\r\u{1b}[Kwaiting for on") && !plain.contains("\u{1b}[32m"),
        "{plain:?}"
    );
}

/// Command for another program with the environment of `command`.
fn with_environment_of(command: &Command, program: &str) -> Command {
    let mut other = Command::new(find_program(program));
    other.env_clear().stdin(Stdio::null());
    other.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    other
}
