//! The proxy's clock, while a window is in force.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use harness::envoy::{Bootstrap, Envoy, Filter};
use harness::upstream::Upstream;
use harness::wait::eventually;
use mesh::service::CHANGE_TIMEOUT;
use tempfile::TempDir;

use crate::clients::{Clients, PACED};
use crate::record::{Outcome, Record, seconds};
use crate::report;
use crate::stage::SOME;

const HOUR: i64 = 3600;
/// Seconds from the start of the case to the start and to the end of the window.
const START: i64 = -600;
const END: i64 = 1800;
/// Seconds that the case may take.
const TOLERANCE: u32 = 60;

/// Envoy whose clock can be set.
struct Proxy {
    envoy: Envoy,
    step: File,
    clients: Clients,
    upstream: Upstream,
    _folder: TempDir,
}

pub async fn it_is_set_forward_and_back() {
    let mut proxy = start(&window("")).await;
    let mut bounds = Vec::new();

    // Set back to before the start: the window goes on, and counts down from further.
    proxy.assert_counts_down(END).await;
    proxy.set_clock(-HOUR);
    proxy.assert_counts_down(END + HOUR).await;
    proxy.set_clock(0);
    proxy.assert_counts_down(END).await;
    assert_eq!(proxy.upstream.requests().len(), 0, "requests reached the application");

    // Set forward past the end: the window ends, and does not begin again.
    let from = Instant::now();
    proxy.set_clock(HOUR);
    proxy.clients.until_all(&Outcome::Application).await;
    let to_off = proxy.clients.since(from).time_until_all(from, &Outcome::Application);
    bounds.push(format!("off {} after the clock jumped over the end", seconds(to_off)));
    proxy.until_reported("maintenance is off: the window has ended", 0).await;
    for step in [0, -HOUR] {
        proxy.set_clock(step);
        proxy.assert_only(&Outcome::Application).await;
    }

    // Another configuration begins again.
    proxy.set_clock(0);
    proxy.envoy.publish(&window(r#", "onEnd": "Extend""#));
    proxy.clients.until_all(&Outcome::Maintenance(90)).await;
    proxy.until_reported("maintenance is on until", 1).await;
    let received = proxy.upstream.requests().len();
    for step in [HOUR, 0, -HOUR] {
        proxy.set_clock(step);
        proxy.assert_only(&Outcome::Maintenance(90)).await;
    }
    proxy.until_reported("maintenance is past the end of its window", 1).await;
    assert_eq!(proxy.upstream.requests().len(), received, "requests reached the application");

    // A configuration that arrives while the clock is wrong is judged by that clock.
    proxy.envoy.publish(&window(r#", "onEnd": "Stop""#));
    proxy.clients.until_all(&Outcome::Application).await;
    proxy.until_reported("maintenance is scheduled", 0).await;
    let from = Instant::now();
    proxy.set_clock(0);
    proxy.assert_counts_down(END).await;
    let is_in_force = |outcome: &Outcome| matches!(outcome, Outcome::Maintenance(_));
    let record = proxy.clients.since(from);
    let last =
        record.0.iter().filter(|exchange| !is_in_force(&exchange.outcome)).map(|e| e.done).max();
    let to_on = last.map_or(Duration::ZERO, |last| last - from);
    assert!(to_on < Duration::from_secs(3), "on after {to_on:?}");
    bounds.push(format!("on {} after the clock jumped over the start", seconds(to_on)));

    let record: Record = proxy.clients.stop().await;
    record.assert_undisturbed();
    assert_eq!(proxy.upstream.requests().len(), record.application());
    report::add(format!("clock::it_is_set_forward_and_back: {record}; {}", bounds.join(", ")));
}

impl Proxy {
    /// Moves Envoy's clock away from the real time by `seconds`.
    fn set_clock(&self, seconds: i64) {
        self.step.write_all_at(&seconds.to_ne_bytes(), 0).expect("the clock is set");
    }

    /// Waits until every client gets `outcome`, and asserts that it stays so.
    async fn assert_only(&self, outcome: &Outcome) {
        let from = Instant::now();
        self.clients.until_more(SOME).await;
        self.clients.since(from).assert_only(|other| other == outcome);
    }

    /// Waits until every client gets a `Retry-After` of the seconds that are left.
    async fn assert_counts_down(&self, left: i64) {
        let most = u32::try_from(left).expect("a number of seconds");
        let is_left = |outcome: &Outcome| {
            let Outcome::Maintenance(seconds) = outcome else { return false };
            (most - TOLERANCE..=most).contains(seconds)
        };
        self.clients.until_each(&format!("Retry-After {left}"), is_left).await;
        let from = Instant::now();
        self.clients.until_more(SOME).await;
        self.clients.since(from).assert_only(is_left);
    }

    /// Waits until log and gauge show a state.
    async fn until_reported(&self, line: &str, gauge: u64) {
        let reported = async || {
            let active = self.envoy.admin().metric("maintenance_active").await;
            (self.envoy.log().contains(line) && active == Some(gauge)).then_some(())
        };
        eventually(&format!("log and gauge show: {line}"), CHANGE_TIMEOUT, reported).await;
    }
}

/// Configuration with a window that is in force.
fn window(fields: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs();
    let [start, end] = [START, END].map(|offset| {
        let time = UNIX_EPOCH + Duration::from_secs(now.saturating_add_signed(offset));
        humantime::format_rfc3339_seconds(time)
    });
    let retry_after = if fields.contains("Extend") { r#", "retryAfterSeconds": 90"# } else { "" };
    format!(
        r#"{{"enabled": true, "window": {{"start": "{start}", "end": "{end}"{fields}}}{retry_after}}}"#
    )
}

/// Starts Envoy with a clock that can be set, and clients.
async fn start(configuration: &str) -> Proxy {
    let folder = TempDir::new().expect("a temporary folder");
    let [library, step] = ["clock.so", "step"].map(|name| folder.path().join(name));
    let source = harness::repository().join("tests/faults/clock.c");
    let mut compile = Command::new("cc");
    compile.args(["-shared", "-fPIC", "-O2", "-o"]).arg(&library).arg(source);
    assert!(compile.status().expect("cc runs").success(), "clock.c is not built");
    fs::write(&step, 0_i64.to_ne_bytes()).expect("the step");
    let variables =
        [format!("LD_PRELOAD={}", library.display()), format!("CLOCK_STEP={}", step.display())];
    let upstream = Upstream::start().await;
    let filters = vec![Filter::Watched(configuration.into())];
    let bootstrap = Bootstrap { upstream: upstream.address(), workers: 2, filters };
    let envoy = Envoy::start_by(&["env", &variables[0], &variables[1]], &bootstrap).await;
    let clients = Clients::start(envoy.address(), PACED);
    let step = File::options().write(true).open(step).expect("the step");
    Proxy { envoy, step, clients, upstream, _folder: folder }
}
