//! Clients that send `GET /` on new connections until they are stopped, and count
//! the replies.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use harness::client::{Answer, Client, Http, request};
use harness::upstream::BODY;
use maintenance_filter::limits::DEFAULT_BODY;
use tokio::task::JoinSet;
use tokio::time::timeout;

const CLIENTS: usize = 4;
/// Pause of a client between two requests, so that the clients leave time to others
/// on a machine with two cores.
const PAUSE: Duration = Duration::from_millis(10);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(3);

/// Running clients.
pub struct Watch {
    stop: Arc<AtomicBool>,
    clients: JoinSet<Replies>,
}

/// Replies that clients have received.
#[derive(Debug, Default)]
pub struct Replies {
    pub application: u64,
    pub maintenance: u64,
    /// Complete replies that are neither.
    pub other: Vec<String>,
    /// Requests without a complete reply.
    pub failed: u64,
}

impl Watch {
    /// Starts the clients.
    pub fn start(address: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            clients.spawn(send_until(Arc::clone(&stop), address));
        }
        Self { stop, clients }
    }

    /// Stops the clients and adds up their counts.
    pub async fn stop(self) -> Replies {
        self.stop.store(true, Ordering::Relaxed);
        let mut sum = Replies::default();
        for replies in self.clients.join_all().await {
            sum.application += replies.application;
            sum.maintenance += replies.maintenance;
            sum.failed += replies.failed;
            sum.other.extend(replies.other);
        }
        sum
    }
}

async fn send_until(stop: Arc<AtomicBool>, address: SocketAddr) -> Replies {
    let mut replies = Replies::default();
    while !stop.load(Ordering::Relaxed) {
        let answer = async {
            let mut client = Client::connect(address, Http::One).await.ok()?;
            client.send(request("GET", "/")).await.ok()
        };
        // A connection to a pod that is gone is never refused.
        match timeout(REQUEST_TIMEOUT, answer).await.unwrap_or_default() {
            Some(answer) if is_application(&answer) => replies.application += 1,
            Some(answer) if is_maintenance(&answer) => replies.maintenance += 1,
            Some(answer) => replies.other.push(format!("{answer:?}")),
            None => replies.failed += 1,
        }
        tokio::time::sleep(PAUSE).await;
    }
    replies
}

/// Whether an answer is the application's.
pub fn is_application(answer: &Answer) -> bool {
    answer.status == 200 && answer.body == BODY
}

/// Whether an answer is the reply of the shipped manifests.
pub fn is_maintenance(answer: &Answer) -> bool {
    answer.status == 503 && answer.header("retry-after") == "300" && answer.body == DEFAULT_BODY
}
