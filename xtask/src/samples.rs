//! Rounds of load, interleaved over what is measured: what disturbs the machine
//! for a while disturbs them all.

use std::process::Command;

use crate::proxy::Proxy;

/// The core of the clients; Envoy has another one.
const CORE: &str = "1";

#[derive(Clone, Copy, Debug)]
pub enum Http {
    One,
    Two,
}

/// One number for each round, in the order of the rounds.
#[derive(Clone, Debug, Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    pub fn add(&mut self, sample: f64) {
        self.0.push(sample);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn best(&self) -> f64 {
        self.at(0.0)
    }

    pub fn median(&self) -> f64 {
        self.at(0.5)
    }

    /// Between which two the middle half of the rounds lies.
    pub fn quartiles(&self) -> (f64, f64) {
        (self.at(0.25), self.at(0.75))
    }

    /// The differences to another variant, each within its round: what slows
    /// the machine down for a while drops out.
    pub fn above(&self, base: &Self) -> Self {
        Self(self.0.iter().zip(&base.0).map(|(own, base)| own - base).collect())
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index among a few rounds"
    )]
    fn at(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().saturating_sub(1) as f64;
        sorted.get((last * share).round() as usize).copied().unwrap_or(f64::NAN)
    }
}

/// Sends requests to `port` for about a second and says what each cost the
/// proxy, in microseconds of processor time.
pub fn measure(proxy: &Proxy, http: Http, port: u16, path: &str) -> f64 {
    let before = proxy.processor_time();
    let requests = send(http, &format!("http://127.0.0.1:{port}{path}"));
    (proxy.processor_time() - before) / requests
}

/// Sends this many requests to `url`, one after another over HTTP/1.1, eight at
/// a time over HTTP/2.
pub fn send_exactly(http: Http, count: u32, url: &str) {
    let protocol = match http {
        Http::One => "--h1",
        Http::Two => "-m8",
    };
    let answered = run(&["h2load", protocol, "-t1", "-c1", &format!("-n{count}")], url);
    assert!((answered - f64::from(count)).abs() < 0.5, "{answered} of {count} were answered");
}

/// How many requests were answered.
fn send(http: Http, url: &str) -> f64 {
    match http {
        Http::One => run(&["wrk", "-t1", "-c16", "-d1s"], url),
        Http::Two => run(&["h2load", "-t1", "-c4", "-m8", "-n20000"], url),
    }
}

/// Runs a program that sends requests and says how many were answered.
fn run(program: &[&str], url: &str) -> f64 {
    let mut command = Command::new("taskset");
    command.args(["-c", CORE]).args(program).arg(url);
    let output = command.output().expect("taskset runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().find_map(answered).unwrap_or_else(|| {
        let errors = String::from_utf8_lossy(&output.stderr);
        panic!("{command:?} (Debian: wrk, nghttp2-client):\n{text}{errors}")
    })
}

/// The number in wrk's line "  30214 requests in 1.00s, 5.62MB read", or in
/// h2load's "requests: 20000 total, 20000 started, 20000 done, ...".
fn answered(line: &str) -> Option<f64> {
    if let Some((count, _)) = line.trim().split_once(" requests in ") {
        return count.parse().ok();
    }
    let (_, done) = line.strip_prefix("requests: ")?.split_once(" started, ")?;
    done.split(' ').next()?.parse().ok()
}
