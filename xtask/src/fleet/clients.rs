//! One keep-alive client for each sidecar. A client sends a request in each interval
//! and records every answer. `harness::load` sends without a pause, which would leave
//! no processor time for the fleet.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use harness::client::{Answer, Client, Error, Http, request};
use harness::load::AnswerKind;
use harness::upstream;
use harness::wait::eventually;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval_at};

use crate::variants::BODY;

/// Answers of one kind in a row after which a client's sidecar counts as switched.
/// Shows whether an answer of the other kind follows.
const SETTLED: usize = 3;
const CHANGE_TIMEOUT: Duration = Duration::from_secs(120);

/// Complete and valid answer.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    pub sent: Instant,
    pub received: Instant,
    pub kind: AnswerKind,
}

/// Outcome of all requests.
#[derive(Debug, Default)]
pub struct Tally {
    pub application: usize,
    pub maintenance: usize,
    /// Requests without a complete response.
    pub lost: Vec<String>,
    /// Responses that are neither the application's nor the complete reply.
    pub mixed: Vec<String>,
}

impl Tally {
    /// Number of valid answers.
    #[expect(clippy::cast_precision_loss, reason = "a count of answers")]
    pub fn answers(&self) -> f64 {
        (self.application + self.maintenance) as f64
    }
}

/// Running clients.
pub struct Clients {
    logs: Vec<Arc<Mutex<Log>>>,
    stop: Arc<AtomicBool>,
    tasks: JoinSet<()>,
}

#[derive(Default)]
struct Log {
    answers: Vec<Record>,
    lost: Vec<String>,
    mixed: Vec<String>,
}

impl Clients {
    /// Starts a client for each address. The clients' requests are spread evenly over
    /// the interval.
    pub fn start(addresses: &[SocketAddr], interval: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        let mut logs = Vec::new();
        let count = u32::try_from(addresses.len()).expect("a small number");
        for (number, address) in (0..count).zip(addresses) {
            let log = Arc::new(Mutex::new(Log::default()));
            logs.push(Arc::clone(&log));
            let first = tokio::time::Instant::now() + interval * number / count;
            let mut ticks = interval_at(first, interval);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            tasks.spawn(run(*address, ticks, log, Arc::clone(&stop)));
        }
        Self { logs, stop, tasks }
    }

    /// Waits until every client has received [`SETTLED`] answers of `kind` in a row to
    /// requests sent after `start`. Returns each client's answers since `start`.
    pub async fn until_all_receive(&self, kind: AnswerKind, start: Instant) -> Vec<Vec<Record>> {
        let settled = async || {
            let is_settled = |log: &Arc<Mutex<Log>>| {
                let log = log.lock().expect("no panic");
                let last = log.answers.iter().rev().take(SETTLED);
                last.filter(|answer| answer.kind == kind && answer.sent >= start).count() == SETTLED
            };
            self.logs.iter().all(is_settled).then_some(())
        };
        let condition = format!("every sidecar answers as {kind:?}");
        eventually(&condition, CHANGE_TIMEOUT, settled).await;
        let since_start = |log: &Arc<Mutex<Log>>| {
            let log = log.lock().expect("no panic");
            let first = log.answers.partition_point(|answer| answer.received < start);
            log.answers[first..].to_vec()
        };
        self.logs.iter().map(since_start).collect()
    }

    /// Number of requests without a complete response so far.
    pub fn lost(&self) -> usize {
        self.logs.iter().map(|log| log.lock().expect("no panic").lost.len()).sum()
    }

    /// Stops every client after its current request.
    pub async fn stop(self) -> Tally {
        self.stop.store(true, Ordering::Relaxed);
        self.tasks.join_all().await;
        let mut tally = Tally::default();
        for log in &self.logs {
            let mut log = log.lock().expect("no panic");
            let is_application = |answer: &&Record| answer.kind == AnswerKind::Application;
            let application = log.answers.iter().filter(is_application).count();
            tally.application += application;
            tally.maintenance += log.answers.len() - application;
            tally.lost.append(&mut log.lost);
            tally.mixed.append(&mut log.mixed);
        }
        tally
    }
}

async fn run(
    address: SocketAddr,
    mut ticks: tokio::time::Interval,
    log: Arc<Mutex<Log>>,
    stop: Arc<AtomicBool>,
) {
    let mut connection = None;
    while !stop.load(Ordering::Relaxed) {
        ticks.tick().await;
        let sent = Instant::now();
        let is_reused = connection.is_some();
        let answer = exchange(&mut connection, address).await;
        let received = Instant::now();
        // A proxy that closes the connection does not delay the next request.
        if answer.is_ok() && connection.is_none() {
            ticks.reset_immediately();
        }
        let mut log = log.lock().expect("no panic");
        match answer {
            Err(error) => {
                let connection = if is_reused { "an open" } else { "a new" };
                let after = received - sent;
                let lost =
                    format!("{address}: {error}, on {connection} connection after {after:?}");
                log.lost.push(lost);
            }
            Ok(answer) => match classify(&answer) {
                Some(kind) => log.answers.push(Record { sent, received, kind }),
                None => log.mixed.push(format!("{address}: {answer:?}")),
            },
        }
    }
}

/// Sends a request on the open connection, or on a new one. Drops the connection after
/// an error and after `connection: close`.
async fn exchange(connection: &mut Option<Client>, address: SocketAddr) -> Result<Answer, Error> {
    let mut client = match connection.take() {
        Some(client) => client,
        None => Client::connect(address, Http::One).await?,
    };
    let answer = client.send(request("GET", "/")).await?;
    if answer.header("connection") != "close" {
        *connection = Some(client);
    }
    Ok(answer)
}

/// Classifies a response as the application's or as the complete reply of the shipped
/// manifests.
fn classify(answer: &Answer) -> Option<AnswerKind> {
    let is_reply = || {
        answer.header("retry-after") == "300"
            && answer.header("content-type") == "application/json"
            && answer.header("cache-control") == "no-store"
            && answer.body == BODY
    };
    match answer.status {
        200 if answer.body == upstream::BODY => Some(AnswerKind::Application),
        503 if is_reply() => Some(AnswerKind::Maintenance),
        _ => None,
    }
}
