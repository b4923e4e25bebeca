//! A window, with either value of `onEnd`.

use std::process::Command;
use std::time::{Duration, SystemTime};

use harness::client::Answer;
use harness::envoy::Envoy;
use harness::upstream::Upstream;
use harness::wait::eventually;
use serde_json::{Value, json};

use crate::manifest::{eventually_metric, plugin_config, start_with};

const STAGE_TIMEOUT: Duration = Duration::from_secs(30);
const SECONDS_UNTIL_START: u64 = 10;
const SECONDS_OF_WINDOW: u64 = 10;
/// `start` may be a second late in each worker, and more on a busy machine.
const TOLERANCE_SECONDS: u64 = 5;

/// Window of a test, in seconds since 1970.
struct Night {
    start: u64,
    end: u64,
}

impl Night {
    /// A night that begins soon and is short.
    fn soon() -> Self {
        let start = now() + SECONDS_UNTIL_START;
        Self { start, end: start + SECONDS_OF_WINDOW }
    }

    /// The recipe's configuration at this night.
    fn config(&self) -> Value {
        let mut config = plugin_config("planned-night");
        config["window"]["start"] = json!(timestamp(self.start));
        config["window"]["end"] = json!(timestamp(self.end));
        config
    }
}

/// Runs the recipe until maintenance is in force. Returns what then runs, and the
/// number of requests that had reached the application.
async fn until_in_force(night: &Night, config: &Value) -> (Envoy, Upstream, usize) {
    let (envoy, upstream) = start_with(config).await;
    assert_eq!(envoy.get("/").await.status, 200, "before the start");
    assert!(now() < night.start, "Envoy started too slowly for this test");
    eventually_log(&envoy, "maintenance is scheduled: from ").await;
    // Each worker has a timer of its own, so some may pass requests after others reject.
    let is_last = |sent: u64, answer: &Answer| {
        assert!(answer.status == 200 || now() >= night.start, "rejected before the start");
        sent >= night.start + TOLERANCE_SECONDS
    };
    let answer = until(&envoy, "maintenance is in force", is_last).await;
    assert_eq!(answer.status, 503);
    let retry_after: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=SECONDS_OF_WINDOW).contains(&retry_after), "{retry_after} is no countdown");
    eventually_metric(&envoy, "maintenance_window_start_timestamp_seconds", night.start).await;
    eventually_metric(&envoy, "maintenance_window_end_timestamp_seconds", night.end).await;
    let received = upstream.requests().len();
    (envoy, upstream, received)
}

#[tokio::test(flavor = "multi_thread")]
async fn maintenance_begins_by_the_clock_and_is_extended() {
    let night = Night::soon();
    let config = night.config();
    assert_eq!(config["window"]["onEnd"], "Extend", "as in the manifest");
    let (mut envoy, upstream, received) = until_in_force(&night, &config).await;
    let extended = |_, answer: &Answer| answer.header("retry-after") == "900";
    let answer = until(&envoy, "maintenance is extended", extended).await;
    assert_eq!(answer.status, 503);
    assert!(now() >= night.end);
    assert_eq!(upstream.requests().len(), received, "a request reached the application");
    eventually_log(&envoy, "maintenance is past the end of its window").await;

    let mut off = config;
    off["enabled"] = json!(false);
    envoy.switch(&off.to_string()).await;
    assert_eq!(envoy.get("/").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn maintenance_stops_by_the_clock() {
    let night = Night::soon();
    let mut config = night.config();
    config["window"]["onEnd"] = json!("Stop");
    let (envoy, upstream, received) = until_in_force(&night, &config).await;
    let is_over = |sent, answer: &Answer| {
        assert!(answer.status == 200 || sent < night.end, "rejected after the end");
        answer.status == 200
    };
    until(&envoy, "maintenance ends", is_over).await;
    assert!(now() >= night.end, "ended too early");
    assert_eq!(upstream.requests().len(), received + 1, "a request reached the application");
    eventually_log(&envoy, "maintenance is off: the window has ended").await;
}

/// Sends `GET /` until `is_last`, which gets the time of the request, in seconds since
/// 1970, and the answer.
async fn until(envoy: &Envoy, condition: &str, is_last: impl Fn(u64, &Answer) -> bool) -> Answer {
    let answered = async || {
        let sent = now();
        let answer = envoy.get("/").await;
        is_last(sent, &answer).then_some(answer)
    };
    eventually(condition, STAGE_TIMEOUT, answered).await
}

async fn eventually_log(envoy: &Envoy, line: &str) {
    let logged = async || envoy.log().contains(line).then_some(());
    eventually(&format!("the log has {line:?}"), STAGE_TIMEOUT, logged).await;
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a time after 1970").as_secs()
}

/// RFC 3339 timestamp with an offset of one hour, as in the manifest.
fn timestamp(seconds: u64) -> String {
    let mut date = Command::new("date");
    date.args(["-d", &format!("@{seconds}"), "+%FT%T+01:00"]).env("TZ", "UTC-1");
    let output = date.output().expect("date runs");
    String::from_utf8(output.stdout).expect("text").trim().into()
}
