//! Record of what clients saw.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::time::{Duration, Instant};

use harness::client::Answer;
use harness::upstream::BODY;
use maintenance_filter::limits::DEFAULT_BODY;

/// One request of a client.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub client: usize,
    pub sent: Instant,
    pub done: Instant,
    pub outcome: Outcome,
}

/// What a client got for a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Complete answer of the application.
    Application,
    /// Complete maintenance reply with this `Retry-After`.
    Maintenance(u32),
    /// Complete answer of the proxy itself, such as 403 while it is closed.
    Proxy(u16),
    /// Answer that is none of these.
    Mixed(String),
    /// No complete answer on a connection that was open.
    CutOff(String),
    /// No connection.
    Refused,
}

/// Reply of the shipped manifests.
pub const MAINTENANCE: Outcome = Outcome::Maintenance(300);
/// Answer of a proxy that is closed because it has no module.
pub const CLOSED: Outcome = Outcome::Proxy(403);

/// Classifies a complete response.
pub fn classify(answer: &Answer) -> Outcome {
    let retry_after = answer.header("retry-after");
    let is_maintenance_reply = answer.header("content-type") == "application/json"
        && answer.header("cache-control") == "no-store"
        && answer.body == DEFAULT_BODY;
    match (answer.status, retry_after) {
        (200, "") if answer.body == BODY => Outcome::Application,
        (503, seconds) if is_maintenance_reply && seconds.parse::<u32>().is_ok() => {
            Outcome::Maintenance(seconds.parse().unwrap_or_default())
        }
        (403, "") if answer.body == "RBAC: access denied" => Outcome::Proxy(403),
        (500 | 503, "") if answer.body != DEFAULT_BODY => Outcome::Proxy(answer.status),
        _ => Outcome::Mixed(format!("{answer:?}")),
    }
}

/// Exchanges in the order in which they ended.
#[derive(Clone, Debug, Default)]
pub struct Record(pub Vec<Exchange>);

impl Record {
    /// Number of exchanges with an outcome.
    pub fn count(&self, is_counted: impl Fn(&Outcome) -> bool) -> usize {
        self.0.iter().filter(|exchange| is_counted(&exchange.outcome)).count()
    }

    /// Number of answers of the application.
    pub fn application(&self) -> usize {
        self.count(|outcome| *outcome == Outcome::Application)
    }

    /// Number of requests that may or may not have reached the application.
    pub fn cut_off(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::CutOff(_)))
    }

    /// Time from the first to the last exchange with neither an answer of the
    /// application nor a maintenance reply.
    pub fn disturbed(&self) -> Duration {
        let is_good = |exchange: &&Exchange| {
            matches!(exchange.outcome, Outcome::Application | Outcome::Maintenance(_))
        };
        let bad = || self.0.iter().filter(|exchange| !is_good(exchange));
        let first = bad().map(|exchange| exchange.sent).min();
        let last = bad().map(|exchange| exchange.done).max();
        first.zip(last).map_or(Duration::ZERO, |(first, last)| last - first)
    }

    /// Time from `start` until the last client got its first exchange with `wanted`.
    pub fn time_until_all(&self, start: Instant, wanted: &Outcome) -> Duration {
        let mut first = BTreeMap::new();
        for exchange in self.0.iter().filter(|exchange| exchange.outcome == *wanted) {
            if exchange.done >= start {
                first.entry(exchange.client).or_insert(exchange.done);
            }
        }
        first.values().max().map_or(Duration::ZERO, |last| *last - start)
    }

    /// The longest time that a client waited for an answer.
    pub fn longest_wait(&self) -> Duration {
        let waits = self.0.iter().map(|exchange| exchange.done - exchange.sent);
        waits.max().unwrap_or_default()
    }

    /// Asserts that every client got only answers that are allowed.
    #[track_caller]
    pub fn assert_only(&self, is_allowed: impl Fn(&Outcome) -> bool) {
        let other = self.0.iter().find(|exchange| !is_allowed(&exchange.outcome));
        if let Some(exchange) = other {
            panic!("{self}\n{exchange:?}\n{}", self.timeline());
        }
    }

    /// When the outcomes of all clients changed, for a failed case.
    fn timeline(&self) -> String {
        let start = self.0.first().map(|exchange| exchange.sent);
        let mut latest = BTreeMap::new();
        let mut lines = Vec::new();
        for Exchange { client, done, outcome, .. } in &self.0 {
            if latest.insert(client, outcome) != Some(outcome) {
                let time = start.map_or(Duration::ZERO, |start| *done - start);
                lines.push(format!("{}: client {client}: {outcome:?}", seconds(time)));
            }
        }
        lines.join("\n")
    }

    /// Asserts that every request got the application's answer or the maintenance
    /// reply: nothing was lost or mixed.
    #[track_caller]
    pub fn assert_undisturbed(&self) {
        self.assert_only(|outcome| {
            matches!(outcome, Outcome::Application | Outcome::Maintenance(_))
        });
    }
}

impl Display for Record {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let mut counts = BTreeMap::new();
        for exchange in &self.0 {
            *counts.entry(exchange.outcome.name()).or_insert(0) += 1;
        }
        let counts: Vec<_> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
        write!(f, "{}, longest wait {}", counts.join(", "), seconds(self.longest_wait()))
    }
}

impl Outcome {
    fn name(&self) -> String {
        match self {
            Self::Application => "application".into(),
            Self::Maintenance(_) => "503".into(),
            Self::Proxy(503) => "bare 503".into(),
            Self::Proxy(status) => status.to_string(),
            Self::Mixed(_) => "mixed".into(),
            Self::CutOff(_) => "cut off".into(),
            Self::Refused => "refused".into(),
        }
    }
}

/// Formats a duration for a report.
pub fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}
