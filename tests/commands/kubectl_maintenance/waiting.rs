//! `status --wait`, proxies that hang, and how many are asked at a time.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use harness::process::Process;
use harness::wait::eventually;
use serde_json::{Value, json};

use super::cluster::{Cluster, FORBIDDEN, OFF, ON};

const TIMEOUT: Duration = Duration::from_secs(60);

#[test]
fn without_permission_status_does_not_wait_and_names_the_verbs() {
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
    let asked_again = async || (cluster.lists() >= 3).then_some(());
    eventually("the proxies are asked again", TIMEOUT, asked_again).await;
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

/// Proxies that reply when 8 are asked reply. When they wait for a ninth, 8 are overdue:
/// it is asked only after them.
#[test]
fn eight_proxies_are_asked_at_a_time_and_no_more() {
    let names: Vec<String> = (1..=24).map(|number| format!("shop-{number}")).collect();
    let proxies: Vec<_> = names.iter().map(|name| (name.as_str(), OFF)).collect();
    let cluster = Cluster::with_proxies(&proxies);
    cluster.reply("together", "8");
    cluster.run(&["status"]).assert_status(0);

    cluster.reply("together", "9");
    fs::remove_file(cluster.path("replies/execs")).expect("a reply");
    let run = cluster.run(&["status", "--request-timeout", "3s"]);
    run.assert_status(2);
    run.assert_says("(16 Off, 8 Unreachable)");
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
async fn a_signal_ends_the_plugin_and_every_command_it_started() {
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
