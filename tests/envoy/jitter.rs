//! Jitter: a random number of seconds is added to `Retry-After`.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::client::{Client, Http, request, send};
use harness::envoy::Envoy;
use harness::wait::eventually;

use crate::support::{VERSIONS, start_switchable};

const TIMEOUT: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn jitter_spreads_retry_after() {
    let fields = r#"{"enabled": true, "retryAfterSeconds": 100, "retryAfterJitterSeconds": 5}"#;
    let (envoy, upstream) = start_switchable(fields).await;
    let mut seen = BTreeSet::new();
    let all_seen = async || {
        for http in VERSIONS {
            let answer = send(envoy.address(), http, request("GET", "/orders")).await;
            assert_eq!(answer.status, 503);
            seen.insert(answer.header("retry-after").parse::<u32>().expect("seconds"));
        }
        (seen.len() == 6).then_some(())
    };
    eventually("every Retry-After from 100 to 105 is seen", TIMEOUT, all_seen).await;
    assert_eq!(Vec::from_iter(seen), [100, 101, 102, 103, 104, 105]);
    upstream.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_draw_different_numbers() {
    let fields = r#"{"enabled": true, "retryAfterSeconds": 100, "retryAfterJitterSeconds": 9}"#;
    let (envoy, upstream) = start_switchable(fields).await;
    let mut sequences = Vec::new();
    for worker in 0..2 {
        let mut client = connect_to_worker(&envoy, worker).await;
        let mut sequence = Vec::new();
        for _ in 0..30 {
            let answer = client.send(request("GET", "/orders")).await.expect("an answer");
            assert_eq!(answer.status, 503);
            sequence.push(answer.header("retry-after").to_owned());
        }
        sequences.push(sequence);
    }
    // Equal sequences by chance: once in 10^30 runs.
    assert_ne!(sequences[0], sequences[1]);
    upstream.assert_untouched();
}

/// Opens connections until the worker with this number has one.
async fn connect_to_worker(envoy: &Envoy, worker: u32) -> Client {
    let connections = async || {
        let pattern = format!("^listener[.].*[.]worker_{worker}[.]downstream_cx_total$");
        let page = envoy.admin().text(&format!("/stats?filter={pattern}")).await;
        page.lines().filter_map(|line| line.rsplit_once(": ")?.1.parse::<u64>().ok()).sum::<u64>()
    };
    eventually("the worker accepts a connection", TIMEOUT, async || {
        let before = connections().await;
        let client = Client::connect(envoy.address(), Http::One).await.ok()?;
        // Envoy counts the connection before the handshake of HTTP begins.
        (connections().await > before).then_some(client)
    })
    .await
}
