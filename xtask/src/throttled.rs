//! `xtask throttled OLD.wasm NEW.wasm`: a switch to maintenance in a sidecar
//! with a CPU limit of 100 millicores.
//!
//! When a module is loaded, V8 compiles it on threads that share the limit with
//! the worker thread. Once the quota of a period is used up, the kernel suspends
//! all of them: requests on every listener wait for the next period.
//!
//! Envoy has two listeners: one with the filter, whose configuration it reads
//! from a file, and a plain one. Each round starts an Envoy without the module,
//! limits it, and switches maintenance on twice: the first time Envoy loads the
//! module, the second time it has it. Meanwhile each listener gets one request
//! at a time, and the next one 5 ms after the response.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use harness::client::{Client, Http, request};
use harness::envoy::Launcher;
use harness::port;
use harness::wait::eventually;
use tempfile::TempDir;
use tokio::task::AbortHandle;

use crate::cgroup::Cgroup;
use crate::samples::Samples;
use crate::{ecds, envoy_config, table};

const MILLICORES: u32 = 100;
const ROUNDS: usize = 5;
const PAUSE: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(60);

/// Number of fast responses in a row after which Envoy counts as idle.
const CALM: usize = 50;
const FAST: Duration = Duration::from_millis(10);
/// Number of requests that are measured while nothing changes.
const UNDISTURBED: usize = 200;

const ON: &str = r#"{"enabled": true}"#;
const OFF: &str = r#"{"enabled": false}"#;

const COLUMNS: [&str; 5] = [
    "",
    "first 503, ms",
    "plain listener: median, ms",
    "plain listener: worst, ms",
    "requests, all rounds",
];

/// Measures both modules in turn and prints a table.
pub async fn run(old: &Path, new: &Path) {
    let mut modules = [("old module", old), ("new module", new)]
        .map(|(label, path)| (label, path.canonicalize().expect("a module"), Vec::new()));
    for round in 1..=ROUNDS {
        for (_, module, rounds) in &mut modules {
            rounds.push(measure(module).await);
        }
        eprintln!("round {round} of {ROUNDS}");
    }
    let mut rows = Vec::new();
    for (label, _, rounds) in &modules {
        rows.push(row(&format!("{label}, no change"), rounds, |round| &round.no_change));
        rows.push(row(&format!("{label}, first load"), rounds, |round| &round.first_load));
        rows.push(row(&format!("{label}, loaded already"), rounds, |round| &round.loaded));
    }
    println!(
        "A switch to maintenance in an Envoy limited to {MILLICORES} millicores; medians of {ROUNDS} rounds.\n\
         - first 503: time from the rename of the file that switches maintenance on\n\
         - plain listener: latency of the requests on another listener until then\n\n{}",
        table::render(&COLUMNS, &rows)
    );
}

fn row(label: &str, rounds: &[Round], window: fn(&Round) -> &Window) -> Vec<String> {
    let windows = || rounds.iter().map(window);
    let median = |quantity: fn(&Window) -> f64| {
        let median = windows().map(quantity).collect::<Samples>().median();
        if median.is_nan() { "-".into() } else { format!("{median:.1}") }
    };
    let requests: usize = windows().map(|window| window.latencies.len()).sum();
    vec![
        label.into(),
        median(|window| window.first_503),
        median(|window| window.latencies.median()),
        median(|window| window.latencies.max()),
        requests.to_string(),
    ]
}

/// Measurements from one stretch of time, in milliseconds.
struct Window {
    /// Time to the first 503; NaN if nothing changed.
    first_503: f64,
    /// Latencies on the plain listener.
    latencies: Samples,
}

struct Round {
    no_change: Window,
    first_load: Window,
    loaded: Window,
}

async fn measure(module: &Path) -> Round {
    let folder = TempDir::new().expect("a temporary folder");
    ecds::publish(folder.path(), 0, &envoy_config::no_op_config());
    let [filtered_port, plain_port] = [port(), port()];
    let response = envoy_config::ok();
    let filter = ecds::filter(folder.path());
    let listeners = [
        envoy_config::listener("filtered", filtered_port, &[filter], &response),
        envoy_config::listener("plain", plain_port, &[], &response),
    ];
    let bootstrap = envoy_config::bootstrap(&listeners).to_string();
    let cgroup = Cgroup::with_cpu_limit(MILLICORES);
    let envoy = Launcher::default().start(folder, &bootstrap).await;
    cgroup.add(envoy.id());

    let filtered = Prober::start(([127, 0, 0, 1], filtered_port).into());
    let plain = Prober::start(([127, 0, 0, 1], plain_port).into());
    let publish = |version, configuration| {
        let config = envoy_config::plugin_config("maintenance", module, configuration);
        ecds::publish(envoy.folder(), version, &config)
    };

    plain.calm().await;
    let no_change = plain.undisturbed().await;
    let first_load = switch_on(&filtered, &plain, || publish(1, ON)).await;
    let off = publish(2, OFF);
    filtered.first_with(200, off).await;
    plain.calm().await;
    let loaded = switch_on(&filtered, &plain, || publish(3, ON)).await;
    Round { no_change, first_load, loaded }
}

async fn switch_on(filtered: &Prober, plain: &Prober, publish: impl Fn() -> Instant) -> Window {
    let renamed = publish();
    let switched = filtered.first_with(503, renamed).await;
    Window {
        first_503: milliseconds(switched - renamed),
        latencies: plain.latencies_between(renamed, switched).await,
    }
}

/// Request and its response.
#[derive(Clone, Copy, Debug)]
struct Exchange {
    sent: Instant,
    answered: Instant,
    status: u16,
}

impl Exchange {
    fn latency(&self) -> Duration {
        self.answered - self.sent
    }
}

/// A client that repeats a request on one connection and records the responses.
struct Prober {
    exchanges: Arc<Mutex<Vec<Exchange>>>,
    task: AbortHandle,
}

impl Drop for Prober {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Prober {
    fn start(address: SocketAddr) -> Self {
        let exchanges = Arc::new(Mutex::new(Vec::new()));
        let task = tokio::spawn(probe(address, Arc::clone(&exchanges))).abort_handle();
        Self { exchanges, task }
    }

    fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges.lock().expect("no panic").clone()
    }

    /// Waits until Envoy answers fast.
    async fn calm(&self) {
        let start = self.exchanges().len();
        let calm = async || {
            let exchanges = self.exchanges();
            let latest = exchanges[start..].last_chunk::<CALM>()?;
            latest.iter().all(|exchange| exchange.latency() < FAST).then_some(())
        };
        eventually("Envoy answers fast", PATIENCE, calm).await;
    }

    /// The next [`UNDISTURBED`] responses.
    async fn undisturbed(&self) -> Window {
        let start = self.exchanges().len();
        let next = async || {
            let exchanges = self.exchanges();
            Some(latencies(exchanges[start..].first_chunk::<UNDISTURBED>()?))
        };
        Window { first_503: f64::NAN, latencies: eventually("responses", PATIENCE, next).await }
    }

    /// Waits for the first response with `status` after `moment`, and returns its time.
    async fn first_with(&self, status: u16, moment: Instant) -> Instant {
        let first = async || {
            let exchanges = self.exchanges();
            let mut after = exchanges.iter().filter(|exchange| exchange.answered >= moment);
            Some(after.find(|exchange| exchange.status == status)?.answered)
        };
        eventually(&format!("a {status}"), PATIENCE, first).await
    }

    /// Latencies of the requests that were under way between two moments.
    async fn latencies_between(&self, start: Instant, end: Instant) -> Samples {
        let complete = async || {
            let exchanges = self.exchanges();
            let is_past_end = exchanges.last().is_some_and(|latest| latest.sent > end);
            is_past_end.then_some(exchanges)
        };
        let mut exchanges = eventually("a later request", PATIENCE, complete).await;
        exchanges.retain(|exchange| exchange.answered >= start && exchange.sent <= end);
        latencies(&exchanges)
    }
}

async fn probe(address: SocketAddr, exchanges: Arc<Mutex<Vec<Exchange>>>) {
    let mut client = Client::connect(address, Http::One).await.expect("a connection");
    loop {
        let sent = Instant::now();
        let answer = client.send(request("GET", "/")).await.expect("an answer");
        let answered = Instant::now();
        let exchange = Exchange { sent, answered, status: answer.status };
        exchanges.lock().expect("no panic").push(exchange);
        tokio::time::sleep(PAUSE).await;
    }
}

fn latencies(exchanges: &[Exchange]) -> Samples {
    exchanges.iter().map(|exchange| milliseconds(exchange.latency())).collect()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
