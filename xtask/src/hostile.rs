//! `make hostile`: raw HTTP/1.1 and HTTP/2 connections that break the rules, to an
//! Envoy whose service is in maintenance. Everything is on loopback, over a bounded
//! number of connections.

mod http1;
mod http2;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use fastrand::Rng;
use harness::envoy::{EnvoyProcess, Launcher};
use harness::upstream::Upstream;
use harness::wait::eventually;
use harness::{client, plugin_wasm, port};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::variants::BODY;
use crate::{envoy_config, process_usage};

/// Connections at a time.
const CONNECTIONS: usize = 16;
/// Connections between two checks.
const ROUND: u64 = 4096;
/// How long a connection that was cut short waits for an answer.
const PATIENCE: Duration = Duration::from_millis(50);
/// Requests before the memory counts: first, the allocator's caches grow.
const WARM_UP_REQUESTS: u64 = 150_000;
/// Growth between two idle moments that still counts as none, in KiB: of what Envoy
/// has allocated, and of what is resident apart from the allocator's free memory.
const TOLERANCE_KIB: [u64; 2] = [8 * 1024, 32 * 1024];
const ACTIVE_CONNECTIONS: &str = "http.hostile.downstream_cx_active";
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// Sends until Envoy has decoded at least `requests`. Fails if a request reaches
/// the upstream, if the module traps, if a well-formed request does not get the
/// 503, or if memory grows.
pub async fn run(requests: u64) -> ExitCode {
    match hostile(requests).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn hostile(requests: u64) -> Result<(), String> {
    let upstream = Upstream::start().await;
    let address = SocketAddr::from(([127, 0, 0, 1], port()));
    let bootstrap = bootstrap(address.port(), upstream.address());
    let folder = TempDir::new().expect("a temporary folder");
    let envoy = Launcher::default().start(folder, &bootstrap.to_string()).await;
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| fastrand::u64(..));
    println!("SEED={seed}");

    let (mut connections, mut before) = (0, None);
    let start = Instant::now();
    loop {
        send_round(address, seed, connections).await;
        connections += ROUND;
        let idle = async || (stat(&envoy, ACTIVE_CONNECTIONS).await == 0).then_some(());
        eventually("every connection is closed", IDLE_TIMEOUT, idle).await;
        let decoded = stat(&envoy, "http.hostile.downstream_rq_total").await;
        let rejected = stat(&envoy, "http.hostile.downstream_rq_5xx").await;
        let resident = process_usage::resident_memory(envoy.id());
        let memory = memory(&envoy, resident).await;
        println!(
            "{connections} connections, {decoded} requests, {rejected} rejected, {} s: \
             {} KiB allocated, {} KiB in use, {resident} KiB resident",
            start.elapsed().as_secs(),
            memory[0],
            memory[1],
        );
        check(&envoy, &upstream, address).await?;
        if decoded < WARM_UP_REQUESTS.min(requests / 2) {
            continue;
        }
        let first = *before.get_or_insert(memory);
        if (0..2).any(|index| memory[index] > first[index] + TOLERANCE_KIB[index]) {
            return Err(format!("memory grew from {first:?} to {memory:?} KiB"));
        }
        if decoded >= requests {
            return Ok(());
        }
    }
}

/// Opens [`ROUND`] connections, at most [`CONNECTIONS`] at a time. Each has a seed of
/// its own.
async fn send_round(address: SocketAddr, seed: u64, first: u64) {
    let mut tasks = JoinSet::new();
    for index in first..first + ROUND {
        if tasks.len() == CONNECTIONS {
            tasks.join_next().await;
        }
        tasks.spawn(connection(address, Rng::with_seed(seed.wrapping_add(index))));
    }
    tasks.join_all().await;
}

/// One connection: writes its bytes and reads until Envoy closes it. Every third
/// connection is reset in the middle of its bytes.
async fn connection(address: SocketAddr, mut random: Rng) {
    let bytes = if random.bool() { http1::bytes(&mut random) } else { http2::bytes(&mut random) };
    let is_cut = random.u8(..3) == 0;
    let end = if is_cut { random.usize(..=bytes.len()) } else { bytes.len() };
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        // A linger of zero turns the close into a reset.
        if is_cut {
            stream.set_zero_linger()?;
        }
        stream.write_all(&bytes[..end]).await?;
        if !is_cut {
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await?;
        }
        Ok::<_, std::io::Error>(())
    };
    // Envoy may reset the connection, and may wait for the rest of a request.
    let _ = timeout(PATIENCE, exchange).await;
}

async fn check(
    envoy: &EnvoyProcess,
    upstream: &Upstream,
    address: SocketAddr,
) -> Result<(), String> {
    if let Some(request) = upstream.requests().first() {
        return Err(format!("a request reached the upstream: {request}"));
    }
    let log = envoy.log();
    if let Some(line) = log.lines().find(|line| line.contains("trap") || line.contains("failed")) {
        return Err(format!("the log has a failure: {line}"));
    }
    let answer = client::get(address, "/").await;
    if answer.status != 503 || answer.body != BODY {
        return Err(format!("a wrong answer: {answer:?}"));
    }
    Ok(())
}

async fn stat(envoy: &EnvoyProcess, name: &str) -> u64 {
    envoy.admin().stat(name).await.unwrap_or_default()
}

/// What Envoy has allocated, and what is resident apart from the allocator's free
/// memory, in KiB. The rest of the resident memory is V8's and the program's.
async fn memory(envoy: &EnvoyProcess, resident: u64) -> [u64; 2] {
    let memory: Value =
        serde_json::from_str(&envoy.admin().text("/memory").await).expect("memory in JSON");
    let kib = |name: &str| {
        let bytes = memory[name].as_str().and_then(|bytes| bytes.parse::<u64>().ok());
        bytes.expect("bytes") / 1024
    };
    let free = kib("pageheap_free") + kib("total_thread_cache");
    [kib("allocated"), resident.saturating_sub(free)]
}

/// A listener that accepts all that Envoy can be told to accept, in front of
/// `upstream`.
fn bootstrap(port: u16, upstream: SocketAddr) -> Value {
    let configuration = r#"{"enabled": true, "exemptions": []}"#;
    let filter = envoy_config::plugin("maintenance", &plugin_wasm(), configuration);
    let route = json!({ "route": { "cluster": "application" } });
    let mut listener = envoy_config::listener("hostile", port, &[filter], &route);
    let manager = &mut listener["filter_chains"][0]["filters"][0]["typed_config"];
    manager["upgrade_configs"] =
        json!([{ "upgrade_type": "websocket" }, { "upgrade_type": "CONNECT" }]);
    manager["http2_protocol_options"] = json!({
        "allow_connect": true,
        // Keep the connection after an invalid message.
        "override_stream_error_on_invalid_http_message": true,
    });
    manager["http_protocol_options"] = json!({ "enable_trailers": true, "allow_chunked_length": true, "accept_http_10": true, "override_stream_error_on_invalid_http_message": true });
    manager["delayed_close_timeout"] = json!("0s");
    let mut bootstrap = envoy_config::bootstrap(&[listener]);
    let address = json!({ "address": upstream.ip(), "port_value": upstream.port() });
    let endpoint = json!({ "endpoint": { "address": { "socket_address": address } } });
    bootstrap["static_resources"]["clusters"] = json!([{
        "name": "application",
        "load_assignment": { "cluster_name": "application", "endpoints": [{ "lb_endpoints": [endpoint] }] },
    }]);
    bootstrap
}
