//! What a module costs before and beside requests: loading it, its memory, and
//! a change of configuration.

use std::time::{Duration, Instant};

use harness::envoy::{Bootstrap, Envoy};
use harness::port;
use harness::upstream::Upstream;
use serde_json::Value;
use tempfile::TempDir;

use crate::instructions::{self, can_be_counted};
use crate::proxy::{self, Proxy};
use crate::rounds::Samples;
use crate::table;
use crate::variants::{self, Modules};

const ON: &str = r#"{"enabled": true}"#;
const OFF: &str = r#"{"enabled": false}"#;
const SWITCHES: usize = 20;
const COUNTS: usize = 2;

struct Subject<'a> {
    label: &'a str,
    filters: Vec<Value>,
    load: Samples,
}

/// Measures all of it.
pub async fn tables(modules: &Modules, rounds: usize) -> String {
    let mut subjects = [
        Subject::new("no filter", vec![]),
        Subject::new("minimal module", vec![proxy::plugin("m", &modules.minimal, ON)]),
        Subject::new("this filter", vec![proxy::plugin("m", &modules.ours, ON)]),
    ];
    for _ in 0..rounds {
        for subject in &mut subjects {
            subject.load.add(load_time(&subject.filters));
        }
    }
    let counts = can_be_counted().then(|| subjects.each_ref().map(Subject::instructions));
    // Noise only ever adds: the best round is closest to what the work takes.
    let base = subjects[0].load.best();
    let floor = subjects[1].load.best() - base;
    let mut rows = Vec::new();
    for (index, subject) in subjects.iter().enumerate() {
        let added = subject.load.best() - base;
        let [one, two] = [resident(subject, 1).await, resident(subject, 2).await];
        let mut row = vec![subject.label.to_owned(), format!("{:.1}", subject.load.median())];
        row.push(format!("{:.1}", subject.load.best()));
        row.extend([format!("{added:.1}"), format!("{:.2}", added / floor)]);
        row.extend([one, two].map(|kib| format!("{:.1}", kib / 1024.0)));
        let million = counts.map(|counts| format!("{:.0}", (counts[index] - counts[0]) / 1e6));
        row.push(million.unwrap_or_else(|| "-".into()));
        rows.push(row);
    }
    let head = [
        "",
        "`--mode validate`, ms",
        "best",
        "best, added",
        "× minimal",
        "resident, 1 worker, MiB",
        "2 workers",
        "instructions to load, million",
    ];
    let loading = table::render(&head, &rows);
    let switches = switches().await;
    format!("### Loading and memory\n\n{loading}\n{switches}")
}

impl<'a> Subject<'a> {
    fn new(label: &'a str, filters: Vec<Value>) -> Self {
        Self { label, filters, load: Samples::default() }
    }

    /// How many instructions it takes to load; V8's threads share the work in one
    /// of several ways, and the least is the one without extra work.
    fn instructions(&self) -> f64 {
        let counts = [(); COUNTS].map(|()| instructions::load(&self.bootstrap(0)));
        counts.into_iter().fold(f64::INFINITY, f64::min)
    }

    fn bootstrap(&self, port: u16) -> Value {
        bootstrap(&self.filters, port)
    }
}

fn bootstrap(filters: &[Value], port: u16) -> Value {
    let response = serde_json::json!({ "direct_response": { "status": 200 } });
    proxy::bootstrap(&[proxy::listener("one", port, filters, &response)])
}

/// How long Envoy takes to read a bootstrap, compile what is in it and try the
/// plugin's configuration, in milliseconds. Nothing is pinned: V8 compiles on
/// every core.
fn load_time(filters: &[Value]) -> f64 {
    milliseconds(proxy::validate(&[], &bootstrap(filters, 0)).1)
}

/// The memory that Envoy has resident when it has answered, in KiB.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52 KiB")]
async fn resident(subject: &Subject<'_>, workers: u32) -> f64 {
    let port = port();
    let folder = TempDir::new().expect("a temporary folder");
    let proxy = Proxy::start(folder, &subject.bootstrap(port), workers).await;
    for _ in 0..100 {
        harness::client::get(([127, 0, 0, 1], port).into(), variants::HEALTH).await;
    }
    proxy.resident() as f64
}

/// The time from the file's rename to the moment Envoy says that every worker
/// has the configuration.
async fn switches() -> String {
    let upstream = Upstream::start().await;
    let mut envoy = Envoy::start(&Bootstrap::watched(upstream.address(), OFF)).await;
    let mut samples = Samples::default();
    for switch in 0..SWITCHES {
        let begun = Instant::now();
        envoy.switch(if switch % 2 == 0 { ON } else { OFF }).await;
        samples.add(milliseconds(begun.elapsed()));
    }
    let row = vec!["accepted by 2 workers".into(), ms(samples.median()), ms(samples.best())];
    let table = table::render(&["", "median", "best"], &[row]);
    format!("### A change of configuration, {SWITCHES} times, in ms\n\n{table}")
}

fn ms(value: f64) -> String {
    format!("{value:.1}")
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
