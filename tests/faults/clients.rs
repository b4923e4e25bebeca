//! Keep-alive clients over HTTP/1.1 and HTTP/2 that record every exchange.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use harness::client::{Client, Error, Http, request};
use harness::wait::eventually;
use tokio::task::JoinSet;

use crate::record::{Exchange, Outcome, Record, classify};

/// Deadline for the clients to see a change. The slowest is a pull that takes 30 s to
/// time out.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// Running clients.
pub struct Clients {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

/// Number and pace of clients.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Number of clients, half of them over each protocol.
    pub count: usize,
    /// Pause of a client between two requests.
    pub pause: Duration,
}

/// Load that leaves time for the control plane on a machine with 2 cores.
pub const PACED: Settings = Settings { count: 16, pause: Duration::from_millis(10) };

struct Shared {
    address: SocketAddr,
    pause: Duration,
    stop: AtomicBool,
    connections: AtomicUsize,
    exchanges: Mutex<Vec<Exchange>>,
    /// For each client, the number of its exchanges and its latest outcome.
    latest: Mutex<Vec<(usize, Option<Outcome>)>>,
}

impl Clients {
    /// Starts clients that repeat `GET /`.
    pub fn start(address: SocketAddr, settings: Settings) -> Self {
        let shared = Arc::new(Shared {
            address,
            pause: settings.pause,
            stop: AtomicBool::new(false),
            connections: AtomicUsize::new(0),
            exchanges: Mutex::default(),
            latest: Mutex::new(vec![(0, None); settings.count]),
        });
        let mut tasks = JoinSet::new();
        for index in 0..settings.count {
            let http = if index % 2 == 0 { Http::One } else { Http::Two };
            tasks.spawn(run(Arc::clone(&shared), index, http));
        }
        Self { shared, tasks }
    }

    /// Waits until the latest outcome of every client is `wanted`.
    pub async fn until_all(&self, wanted: &Outcome) {
        let what = format!("every client gets {wanted:?}");
        self.until_each(&what, |outcome| outcome == wanted).await;
    }

    /// Waits until the latest outcome of every client is wanted.
    pub async fn until_each(&self, what: &str, is_wanted: impl Fn(&Outcome) -> bool) {
        let reached = async || {
            let latest = self.shared.latest.lock().expect("no panic");
            latest.iter().all(|(_, outcome)| outcome.as_ref().is_some_and(&is_wanted)).then_some(())
        };
        eventually(what, TIMEOUT, reached).await;
    }

    /// Waits until the latest outcome of at least one client is `wanted`.
    pub async fn until_any(&self, wanted: &Outcome) {
        let reached = async || {
            let latest = self.shared.latest.lock().expect("no panic");
            latest.iter().any(|(_, outcome)| outcome.as_ref() == Some(wanted)).then_some(())
        };
        eventually(&format!("a client gets {wanted:?}"), TIMEOUT, reached).await;
    }

    /// Waits until every client has finished `count` more exchanges.
    pub async fn until_more(&self, count: usize) {
        let before: Vec<usize> = self.counts();
        let reached = async || {
            let counts = self.counts();
            counts.iter().zip(&before).all(|(now, before)| *now >= before + count).then_some(())
        };
        eventually(&format!("every client finishes {count} exchanges"), TIMEOUT, reached).await;
    }

    /// Number of connections that the clients have opened.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    fn counts(&self) -> Vec<usize> {
        self.shared.latest.lock().expect("no panic").iter().map(|(count, _)| *count).collect()
    }

    /// Everything that has been recorded since `from`.
    pub fn since(&self, from: Instant) -> Record {
        let exchanges = self.shared.exchanges.lock().expect("no panic");
        Record(exchanges.iter().filter(|exchange| exchange.sent >= from).cloned().collect())
    }

    /// Stops every client after its current request.
    pub async fn stop(self) -> Record {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.tasks.join_all().await;
        let mut exchanges = self.shared.exchanges.lock().expect("no panic");
        Record(std::mem::take(&mut exchanges))
    }
}

async fn run(shared: Arc<Shared>, index: usize, http: Http) {
    while !shared.stop.load(Ordering::Relaxed) {
        let sent = Instant::now();
        match Client::connect(shared.address, http).await {
            Ok(client) => {
                shared.connections.fetch_add(1, Ordering::Relaxed);
                run_connection(&shared, index, client).await;
            }
            Err(_) => shared.record(index, sent, Outcome::Refused),
        }
        shared.pause().await;
    }
}

/// Sends requests on one connection until the load stops or the connection ends.
async fn run_connection(shared: &Shared, index: usize, mut client: Client) {
    while !shared.stop.load(Ordering::Relaxed) {
        let sent = Instant::now();
        match client.send(request("GET", "/")).await {
            Ok(answer) => {
                shared.record(index, sent, classify(&answer));
                if answer.header("connection") == "close" {
                    return;
                }
            }
            Err(error) if is_unsent(&error) => return,
            Err(error) => {
                shared.record(index, sent, Outcome::CutOff(error.to_string()));
                return;
            }
        }
        shared.pause().await;
    }
}

/// Whether the connection had ended before the request was sent, as after a GOAWAY.
/// Every client then opens another connection, and nothing is lost.
fn is_unsent(error: &Error) -> bool {
    error
        .downcast_ref::<hyper::Error>()
        .is_some_and(|error| error.is_canceled() || error.is_closed())
}

impl Shared {
    async fn pause(&self) {
        if !self.pause.is_zero() {
            tokio::time::sleep(self.pause).await;
        }
    }

    fn record(&self, client: usize, sent: Instant, outcome: Outcome) {
        {
            let latest = &mut self.latest.lock().expect("no panic")[client];
            latest.0 += 1;
            latest.1 = Some(outcome.clone());
        }
        let exchange = Exchange { client, sent, done: Instant::now(), outcome };
        self.exchanges.lock().expect("no panic").push(exchange);
    }
}
