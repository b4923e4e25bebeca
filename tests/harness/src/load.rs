//! Keep-alive clients that send requests without a pause and classify every
//! response.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::client::{Answer, Client, Error, Http, request};
use crate::wait::eventually;

/// Number of failures after which a client stops. Without a limit, a client
/// whose proxy has exited would retry forever.
const MAX_FAILURES: usize = 1000;
const CHANGE_TIMEOUT: Duration = Duration::from_secs(30);

/// Kind of a valid response.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AnswerKind {
    /// Response of the application.
    Application,
    /// Complete maintenance reply of the proxy.
    Maintenance,
}

/// Classifies a response. Returns `None` for a response that neither the
/// application nor the proxy should send.
pub type Classifier = fn(&Answer) -> Option<AnswerKind>;

/// Running clients.
pub struct Load {
    shared: Arc<Shared>,
    clients: JoinSet<()>,
}

/// Outcome of all requests.
#[derive(Debug)]
pub struct Tally {
    /// Number of responses of the application.
    pub application: u64,
    /// Number of maintenance replies of the proxy.
    pub maintenance: u64,
    /// Number of connections that the proxy closed after `connection: close` and
    /// the client replaced.
    pub reconnected: u64,
    /// Messages of failed requests and unexpected responses.
    pub faults: Vec<String>,
}

struct Shared {
    address: SocketAddr,
    classify: Classifier,
    stop: AtomicBool,
    application: AtomicU64,
    maintenance: AtomicU64,
    reconnected: AtomicU64,
    /// For each client, the kind of its latest response and the time of its
    /// first response of that kind in a row.
    latest: Mutex<Vec<Option<(AnswerKind, Instant)>>>,
    failures: Mutex<Vec<String>>,
}

impl Load {
    /// Starts `count` clients that repeat `GET /` over HTTP/1.1.
    #[must_use]
    pub fn start(address: SocketAddr, count: usize, classify: Classifier) -> Self {
        let shared = Arc::new(Shared {
            address,
            classify,
            stop: AtomicBool::new(false),
            application: AtomicU64::new(0),
            maintenance: AtomicU64::new(0),
            reconnected: AtomicU64::new(0),
            latest: Mutex::new(vec![None; count]),
            failures: Mutex::default(),
        });
        let mut clients = JoinSet::new();
        for index in 0..count {
            clients.spawn(run(Arc::clone(&shared), index));
        }
        Self { shared, clients }
    }

    /// Waits until the latest response of every client is of `kind`. Returns
    /// when the first and when the last client got its first such response.
    pub async fn until_all_receive(&self, kind: AnswerKind) -> (Instant, Instant) {
        let since = async || {
            let latest = self.shared.latest.lock().expect("no panic");
            let times: Vec<Instant> = latest
                .iter()
                .map(|entry| entry.and_then(|(latest, since)| (latest == kind).then_some(since)))
                .collect::<Option<_>>()?;
            Some((*times.iter().min()?, *times.iter().max()?))
        };
        eventually(
            &format!("the latest response of every client is {kind:?}"),
            CHANGE_TIMEOUT,
            since,
        )
        .await
    }

    /// Stops every client after its current request.
    pub async fn stop(self) -> Tally {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.clients.join_all().await;
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Tally {
            application: count(&self.shared.application),
            maintenance: count(&self.shared.maintenance),
            reconnected: count(&self.shared.reconnected),
            faults: self.shared.failures.lock().expect("no panic").clone(),
        }
    }
}

async fn run(shared: Arc<Shared>, index: usize) {
    while !shared.stop.load(Ordering::Relaxed) {
        if let Err(error) = run_connection(&shared, index).await {
            let mut failures = shared.failures.lock().expect("no panic");
            failures.push(error.to_string());
            if failures.len() >= MAX_FAILURES {
                return;
            }
        }
    }
}

/// Sends requests on one connection until the load stops or the proxy sends
/// `connection: close`.
async fn run_connection(shared: &Shared, index: usize) -> Result<(), Error> {
    let mut client = Client::connect(shared.address, Http::One).await?;
    while !shared.stop.load(Ordering::Relaxed) {
        let answer = client.send(request("GET", "/")).await?;
        match (shared.classify)(&answer) {
            Some(kind) => shared.record(index, kind),
            None => return Err(format!("unexpected response: {answer:?}").into()),
        }
        if answer.header("connection") == "close" {
            shared.reconnected.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
    }
    Ok(())
}

impl Shared {
    fn record(&self, index: usize, kind: AnswerKind) {
        let counter = match kind {
            AnswerKind::Application => &self.application,
            AnswerKind::Maintenance => &self.maintenance,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        let mut latest = self.latest.lock().expect("no panic");
        let previous = latest[index].map(|(previous, _)| previous);
        if previous != Some(kind) {
            latest[index] = Some((kind, Instant::now()));
        }
    }
}
