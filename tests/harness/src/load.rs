//! Keep-alive clients that ask without a pause and judge every answer.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::client::{Answer, Client, Fault, Http, request};
use crate::wait::eventually;

/// A client whose proxy is gone would go on for ever.
const MOST_FAULTS: usize = 1000;
const TIME_TO_CHANGE: Duration = Duration::from_secs(30);

/// Who answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// The application.
    Application,
    /// The proxy, with a whole maintenance reply.
    Maintenance,
}

/// Tells who sent an answer; `None` for one that neither would send.
pub type Judge = fn(&Answer) -> Option<Verdict>;

/// Clients under way.
pub struct Load {
    shared: Arc<Shared>,
    clients: JoinSet<()>,
}

/// What became of all requests.
#[derive(Debug)]
pub struct Tally {
    /// Answers of the application.
    pub application: u64,
    /// Answers of the proxy.
    pub maintenance: u64,
    /// Connections that the proxy announced to close, and the client opened anew.
    pub reconnected: u64,
    /// Requests without an answer, and answers that fit neither.
    pub faults: Vec<String>,
}

struct Shared {
    address: SocketAddr,
    judge: Judge,
    stop: AtomicBool,
    application: AtomicU64,
    maintenance: AtomicU64,
    reconnected: AtomicU64,
    latest: Mutex<Vec<Option<(Verdict, Instant)>>>,
    faults: Mutex<Vec<String>>,
}

impl Load {
    /// Starts `count` clients that repeat `GET /` over HTTP/1.1.
    #[must_use]
    pub fn start(address: SocketAddr, count: usize, judge: Judge) -> Self {
        let shared = Arc::new(Shared {
            address,
            judge,
            stop: AtomicBool::new(false),
            application: AtomicU64::new(0),
            maintenance: AtomicU64::new(0),
            reconnected: AtomicU64::new(0),
            latest: Mutex::new(vec![None; count]),
            faults: Mutex::default(),
        });
        let mut clients = JoinSet::new();
        for index in 0..count {
            clients.spawn(run(Arc::clone(&shared), index));
        }
        Self { shared, clients }
    }

    /// Waits until the latest answer of every client is `verdict`; says when
    /// the first and the last of them changed to it.
    pub async fn all_see(&self, verdict: Verdict) -> (Instant, Instant) {
        let since = async || {
            let latest = self.shared.latest.lock().expect("no panic");
            let moments = latest
                .iter()
                .map(|seen| seen.and_then(|(what, since)| (what == verdict).then_some(since)));
            let moments: Vec<Instant> = moments.collect::<Option<_>>()?;
            Some((*moments.iter().min()?, *moments.iter().max()?))
        };
        eventually(&format!("every client sees {verdict:?}"), TIME_TO_CHANGE, since).await
    }

    /// Lets every client finish its request.
    pub async fn stop(self) -> Tally {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.clients.join_all().await;
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Tally {
            application: count(&self.shared.application),
            maintenance: count(&self.shared.maintenance),
            reconnected: count(&self.shared.reconnected),
            faults: self.shared.faults.lock().expect("no panic").clone(),
        }
    }
}

async fn run(shared: Arc<Shared>, index: usize) {
    while !shared.stop.load(Ordering::Relaxed) {
        if let Err(fault) = connection(&shared, index).await {
            let mut faults = shared.faults.lock().expect("no panic");
            faults.push(fault.to_string());
            if faults.len() >= MOST_FAULTS {
                return;
            }
        }
    }
}

/// Asks on one connection until the load stops or the proxy announces its end.
async fn connection(shared: &Shared, index: usize) -> Result<(), Fault> {
    let mut client = Client::connect(shared.address, Http::One).await?;
    while !shared.stop.load(Ordering::Relaxed) {
        let answer = client.send(request("GET", "/")).await?;
        match (shared.judge)(&answer) {
            Some(verdict) => shared.saw(index, verdict),
            None => return Err(format!("unexpected: {answer:?}").into()),
        }
        if answer.header("connection") == "close" {
            shared.reconnected.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
    }
    Ok(())
}

impl Shared {
    fn saw(&self, index: usize, verdict: Verdict) {
        let counter = match verdict {
            Verdict::Application => &self.application,
            Verdict::Maintenance => &self.maintenance,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        let mut latest = self.latest.lock().expect("no panic");
        let known = latest[index].map(|(what, _)| what);
        if known != Some(verdict) {
            latest[index] = Some((verdict, Instant::now()));
        }
    }
}
