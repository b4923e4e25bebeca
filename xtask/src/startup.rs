//! Cost of a module beside requests: load time, memory, and the time that a
//! change of configuration takes.

use std::process::Output;
use std::time::{Duration, Instant};

use harness::envoy::{Bootstrap, Envoy, Launcher};
use harness::process::resident_memory;
use harness::upstream::Upstream;
use harness::{client, port};
use serde_json::Value;
use tempfile::TempDir;

use crate::bench::PINNED;
use crate::samples::Samples;
use crate::variants::{HEALTH, Modules};
use crate::{callgrind, envoy_config, table};

const ON: &str = r#"{"enabled": true}"#;
const OFF: &str = r#"{"enabled": false}"#;
const SWITCHES: usize = 20;
const COUNTS: usize = 2;

const COLUMNS: [&str; 8] = [
    "",
    "time to load, ms",
    "fastest",
    "fastest, added",
    "÷ minimal",
    "resident, 1 worker, MiB",
    "2 workers",
    "instructions added, million",
];

const LEGEND: &str = "\
- *time to load*: how long `envoy --mode validate` takes to read a bootstrap, compile the module in it and
  try the plugin configuration; the median of all rounds. Nothing is pinned: V8 compiles on every core.
- *fastest*: the round that the rest of the machine disturbed least; *added*: above the row without a filter.
- *÷ minimal*: *fastest, added*, divided by what the minimal module adds.
- *resident*: Envoy's resident memory after 100 requests, with one worker and with two.
- *instructions added*: instructions that the same command executes above the row without a filter.
";

struct Subject<'a> {
    label: &'a str,
    filters: Vec<Value>,
    time: Samples,
}

impl<'a> Subject<'a> {
    fn new(label: &'a str, filters: Vec<Value>) -> Self {
        Self { label, filters, time: Samples::default() }
    }

    fn bootstrap(&self, port: u16) -> Value {
        let listener = envoy_config::listener("only", port, &self.filters, &envoy_config::ok());
        envoy_config::bootstrap(&[listener])
    }

    fn time_to_load(&self) -> f64 {
        let bootstrap = self.bootstrap(0);
        let start = Instant::now();
        validate(&Launcher::default(), &bootstrap);
        milliseconds(start.elapsed())
    }

    /// The lower of several counts: V8's threads share the work differently
    /// each time, at times with extra work.
    fn instructions_to_load(&self) -> f64 {
        let counts = (0..COUNTS).map(|_| callgrind::instructions_to_validate(&self.bootstrap(0)));
        counts.collect::<Samples>().min()
    }

    /// Resident memory of an Envoy that has answered, in MiB.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 KiB")]
    async fn resident_memory(&self, workers: u32) -> f64 {
        let port = port();
        let folder = TempDir::new().expect("a temporary folder");
        let launcher = Launcher { workers, wrapper: &PINNED, ..Launcher::default() };
        let envoy = launcher.start(folder, &self.bootstrap(port).to_string()).await;
        for _ in 0..100 {
            client::get(([127, 0, 0, 1], port).into(), HEALTH).await;
        }
        resident_memory(envoy.id()) as f64 / 1024.0
    }
}

/// Has Envoy validate a bootstrap, which must succeed.
pub fn validate(launcher: &Launcher, bootstrap: &Value) -> Output {
    let output = launcher.validate(&bootstrap.to_string());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Measures load time, memory and changes of configuration, and returns their tables.
pub async fn tables(modules: &Modules, rounds: usize) -> String {
    let plugin = |module| vec![envoy_config::plugin("plugin", module, ON)];
    let mut subjects = [
        Subject::new("no filter", vec![]),
        Subject::new("minimal module", plugin(&modules.minimal)),
        Subject::new("this filter", plugin(&modules.shipped)),
    ];
    for _ in 0..rounds {
        for subject in &mut subjects {
            let time = subject.time_to_load();
            subject.time.add(time);
        }
    }
    let [no_filter, minimal, _] = subjects.each_ref().map(|subject| subject.time.min());
    let counts =
        callgrind::is_available().then(|| subjects.each_ref().map(Subject::instructions_to_load));
    let mut rows = Vec::new();
    for (index, subject) in subjects.iter().enumerate() {
        let fastest = subject.time.min();
        let added = fastest - no_filter;
        let mut row = vec![subject.label.to_owned(), decimal(subject.time.median())];
        row.extend([decimal(fastest), decimal(added)]);
        row.push(format!("{:.2}", added / (minimal - no_filter)));
        for workers in [1, 2] {
            row.push(decimal(subject.resident_memory(workers).await));
        }
        let million = counts.map(|counts| format!("{:.0}", (counts[index] - counts[0]) / 1e6));
        row.push(million.unwrap_or_else(|| "-".into()));
        rows.push(row);
    }
    let loading = table::render(&COLUMNS, &rows);
    let changes = changes_of_configuration().await;
    format!("### Loading and memory\n\n{LEGEND}\n{loading}\n{changes}")
}

async fn changes_of_configuration() -> String {
    let upstream = Upstream::start().await;
    let mut envoy = Envoy::start(&Bootstrap::watched(upstream.address(), OFF)).await;
    let mut time = Samples::default();
    for switch in 0..SWITCHES {
        let start = Instant::now();
        envoy.switch(if switch % 2 == 0 { ON } else { OFF }).await;
        time.add(milliseconds(start.elapsed()));
    }
    let row = vec!["accepted by 2 workers".into(), decimal(time.median()), decimal(time.min())];
    let table = table::render(&["", "median, ms", "fastest"], &[row]);
    format!(
        "### A change of configuration\n\n\
         Time from the rename of the file with the configuration until Envoy says that every worker has it;\n\
         {SWITCHES} changes, of a module that is loaded.\n\n{table}"
    )
}

fn decimal(value: f64) -> String {
    format!("{value:.1}")
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
