//! `make hostile`: raw HTTP/1.1 and HTTP/2 connections that break the rules, to an
//! Envoy whose service is in maintenance. Everything is on loopback, over a bounded
//! number of connections. docs/hostile-input.md has the results.

mod http1;
mod http2;
mod memory;
mod proxy;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, io};

use fastrand::Rng;
use harness::client;
use harness::upstream::Upstream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use self::proxy::Proxy;
use crate::variants::BODY;

/// Connections at a time.
const CONNECTIONS: usize = 16;
/// Connections between two checks.
const ROUND: u64 = 4096;
/// Time that a connection waits for an answer.
const PATIENCE: Duration = Duration::from_millis(100);
/// Requests before the memory counts: first, tables and caches reach their size.
const WARM_UP_REQUESTS: u64 = 150_000;

/// Sends until Envoy has decoded at least `requests`. Fails if a request reaches
/// the upstream, if the module traps, if a well-formed request does not get the
/// 503, or if memory grows. With the variable `CONTROL`, an Envoy without the filter
/// gets the same connections, for a comparison of the memory.
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
    let proxy = Proxy::with_filter(upstream.address()).await;
    let control = match env::var_os("CONTROL") {
        Some(_) => Some(Proxy::without_filter().await),
        None => None,
    };
    let seed = env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| fastrand::u64(..));
    println!("SEED={seed}");

    let (mut connections, mut before) = (0, None);
    let start = Instant::now();
    loop {
        for proxy in control.iter().chain([&proxy]) {
            send_round(proxy.address, seed, connections).await;
            proxy.wait_until_idle().await;
        }
        connections += ROUND;
        let [decoded, rejected] = proxy.requests().await;
        let memory = proxy.memory().await;
        println!(
            "{connections} connections, {decoded} requests, {rejected} rejected, {} s: {memory}",
            start.elapsed().as_secs(),
        );
        if let Some(control) = &control {
            println!("    without the filter: {}", control.memory().await);
        }
        check(&proxy, &upstream).await?;
        if decoded < WARM_UP_REQUESTS.min(requests / 2) {
            continue;
        }
        let first = *before.get_or_insert(memory);
        if memory.has_grown_since(&first) {
            return Err(format!("memory grew from {first} to {memory}"));
        }
        if decoded >= requests {
            println!("memory after the warm-up: {first}");
            println!("what Envoy counted:\n{}", proxy.counters().await);
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

/// Opens a connection, writes its bytes with a pause for an answer after each write, and
/// reads until Envoy closes it. Every third connection is reset in the middle.
async fn connection(address: SocketAddr, mut random: Rng) {
    let mut writes =
        if random.bool() { http1::writes(&mut random) } else { vec![http2::bytes(&mut random)] };
    let is_cut = random.u8(..3) == 0;
    if is_cut {
        writes.truncate(random.usize(1..=writes.len()));
        if let Some(last) = writes.last_mut() {
            last.truncate(random.usize(..=last.len()));
        }
    }
    // Envoy may reset the connection.
    let _ = exchange(address, &writes, is_cut).await;
}

async fn exchange(address: SocketAddr, writes: &[Vec<u8>], is_cut: bool) -> io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    // A linger of zero turns the close into a reset.
    if is_cut {
        stream.set_zero_linger()?;
    }
    let mut answer = vec![0; 65_536];
    // Envoy may wait for the rest of a request, or never answer. Then the other writes
    // follow at once.
    let mut is_answering = true;
    for bytes in writes {
        stream.write_all(bytes).await?;
        if is_answering {
            is_answering = timeout(PATIENCE, stream.read(&mut answer)).await.is_ok();
        }
    }
    if !is_cut {
        let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    }
    Ok(())
}

async fn check(proxy: &Proxy, upstream: &Upstream) -> Result<(), String> {
    if let Some(request) = upstream.requests().first() {
        return Err(format!("a request reached the upstream: {request}"));
    }
    let log = proxy.envoy.log();
    if let Some(line) = log.lines().find(|line| line.contains("trap") || line.contains("failed")) {
        return Err(format!("the log has a failure: {line}"));
    }
    let answer = client::get(proxy.address, "/").await;
    if answer.status != 503 || answer.body != BODY {
        return Err(format!("a wrong answer: {answer:?}"));
    }
    Ok(())
}
