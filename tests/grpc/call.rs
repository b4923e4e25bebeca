//! A call that a gRPC client makes through the proxy, and when its tries reach the
//! proxy.

use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use harness::envoy::{Admin, Envoy};
use harness::process::Process;
use harness::repository;
use harness::wait::eventually;
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;
use tonic::Code;

/// Deadline for a client to start, to make its tries and to end.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(60);
/// Counter of the requests that reached Envoy's listener.
const REQUESTS: &str = "http.proxy.downstream_rq_total";

/// Library of the client.
#[derive(Clone, Copy, Debug)]
pub enum Library {
    /// grpc-go.
    Go,
    /// grpcio, the Python package of gRPC's C++ library.
    Python,
}

impl Library {
    /// Every library.
    pub const ALL: [Self; 2] = [Self::Go, Self::Python];

    /// Command that runs the client of this library.
    fn command(self) -> Command {
        let folder = env::var_os("GRPC_CLIENTS").expect("GRPC_CLIENTS: run `make test-grpc`");
        let folder = PathBuf::from(folder);
        match self {
            Self::Go => Command::new(folder.join("client")),
            Self::Python => {
                let mut python = Command::new("python3");
                python.arg(repository().join("tests/grpc/client.py"));
                python.env("PYTHONPATH", folder.join("python"));
                python
            }
        }
    }
}

/// Settings of the gRPC library for a call.
#[derive(Clone, Debug)]
pub struct Options {
    /// Service config, which holds the retry policy.
    pub service_config: Value,
    /// Deadline of the call, with all its tries.
    pub deadline: Duration,
    /// `true` if the call waits for a connection instead of failing without a connection.
    pub wait_for_ready: bool,
}

impl Options {
    /// Options without a retry policy.
    pub fn without_retry_policy() -> Self {
        Self { service_config: json!({}), deadline: CLIENT_TIMEOUT, wait_for_ready: false }
    }

    /// Options with a retry policy that allows `max_attempts` tries and waits 100 ms
    /// between two of them.
    pub fn with_max_attempts(max_attempts: u32) -> Self {
        let service_config = json!({
            "methodConfig": [{
                "name": [{ "service": "grpc.health.v1.Health" }],
                "retryPolicy": {
                    "maxAttempts": max_attempts,
                    "initialBackoff": "0.1s",
                    "maxBackoff": "0.1s",
                    "backoffMultiplier": 1,
                    "retryableStatusCodes": ["UNAVAILABLE"],
                },
            }],
        });
        Self { service_config, ..Self::without_retry_policy() }
    }

    fn json(&self) -> Value {
        json!({
            "serviceConfig": self.service_config,
            "deadlineSeconds": self.deadline.as_secs_f64(),
            "waitForReady": self.wait_for_ready,
        })
    }
}

/// Metadata as a map of names to lists of values.
pub type Metadata = BTreeMap<String, Vec<String>>;

/// End of a call, as the application sees it, and the tries that reached the proxy.
#[derive(Debug)]
pub struct Outcome {
    /// Library of the client.
    #[expect(dead_code, reason = "a failed assertion prints it")]
    pub library: Library,
    /// Code of the status.
    pub code: Code,
    /// Message of the status.
    pub message: String,
    /// Duration of the call with all its tries.
    pub duration: Duration,
    /// Metadata that came before the response message.
    pub initial_metadata: Metadata,
    /// Metadata that came with the status.
    pub trailers: Metadata,
    /// Tries that reached the proxy.
    pub tries: Vec<Try>,
}

/// JSON that a client prints.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Printed {
    code: i32,
    message: String,
    milliseconds: u64,
    initial_metadata: Option<Metadata>,
    trailers: Option<Metadata>,
}

/// Request that reached the proxy between two looks at its counter of requests.
#[derive(Clone, Copy, Debug)]
pub struct Try {
    earliest: Instant,
    latest: Instant,
}

impl Try {
    /// Longest time that may have passed from `previous` to this try.
    pub fn longest_since(&self, previous: &Self) -> Duration {
        self.latest - previous.earliest
    }

    /// Shortest time that may have passed from `previous` to this try.
    pub fn shortest_since(&self, previous: &Self) -> Duration {
        self.earliest.saturating_duration_since(previous.latest)
    }
}

/// Call in progress.
pub struct Call {
    library: Library,
    client: Process,
    admin: Admin,
    tries: Vec<Try>,
    last_look: Instant,
    _folder: TempDir,
}

impl Call {
    /// Starts a client that makes one call through an Envoy that has seen no other
    /// request.
    pub fn start(library: Library, envoy: &Envoy, options: &Options) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let mut command = library.command();
        command.arg(envoy.address().to_string()).arg(options.json().to_string());
        let last_look = Instant::now();
        let client =
            Process::spawn(&format!("{library:?}"), &mut command, &folder.path().join("log"));
        let admin = envoy.admin().clone();
        Self { library, client, admin, tries: Vec::new(), last_look, _folder: folder }
    }

    /// Waits until `number` tries have reached the proxy.
    pub async fn reaches_try(&mut self, number: usize) {
        let reached = async || {
            self.look().await;
            (self.tries.len() >= number).then_some(())
        };
        eventually(&format!("try {number} reaches the proxy"), CLIENT_TIMEOUT, reached).await;
    }

    /// Waits for the end of the call.
    pub async fn outcome(mut self) -> Outcome {
        let ended = async || {
            let status = self.client.exited();
            self.look().await;
            status
        };
        let status = eventually("the client ends", CLIENT_TIMEOUT, ended).await;
        assert!(status.success(), "the client fails: {status}");
        let log = self.client.log();
        let line = log.lines().find(|line| line.starts_with('{')).expect("an outcome");
        let printed: Printed = serde_json::from_str(line).expect("an outcome");
        Outcome {
            library: self.library,
            code: Code::from_i32(printed.code),
            message: printed.message,
            duration: Duration::from_millis(printed.milliseconds),
            initial_metadata: printed.initial_metadata.unwrap_or_default(),
            trailers: printed.trailers.unwrap_or_default(),
            tries: self.tries,
        }
    }

    /// Records the tries that reached the proxy since the last look.
    async fn look(&mut self) {
        let look = Instant::now();
        let requests = self.admin.stat(REQUESTS).await.unwrap_or_default();
        let seen = Try { earliest: self.last_look, latest: Instant::now() };
        let requests = usize::try_from(requests).expect("a small number");
        self.tries.resize(requests, seen);
        self.last_look = look;
    }
}
