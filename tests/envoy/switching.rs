//! Switching maintenance on and off under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use harness::client::{Client, get, request};
use harness::load::{AnswerKind, Load};
use harness::upstream::HELD;
use harness::wait::eventually;

use crate::support::{
    HEALTH_CHECK, OFF, ON, VERSIONS, assert_application, assert_maintenance, classify,
    start_switchable,
};

const CLIENTS: usize = 8;
const SWITCHES: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_mixed_in_50_switches_under_load() {
    let (mut envoy, upstream) = start_switchable(OFF).await;
    let load = Load::start(envoy.address(), CLIENTS, classify);
    load.until_all_receive(AnswerKind::Application).await;
    let mut first_rejections = Vec::new();
    let mut last_rejections = Vec::new();
    for switch in 0..SWITCHES {
        let on = switch % 2 == 0;
        let renamed = envoy.publish(if on { ON } else { OFF });
        let kind = if on { AnswerKind::Maintenance } else { AnswerKind::Application };
        let (earliest, latest) = load.until_all_receive(kind).await;
        if on {
            first_rejections.push(earliest.saturating_duration_since(renamed));
            last_rejections.push(latest.saturating_duration_since(renamed));
        }
    }
    let tally = load.stop().await;
    assert_eq!(tally.faults, [""; 0]);
    assert_eq!(tally.reconnected, 0, "a connection was closed");
    let reached = u64::try_from(upstream.requests().len()).expect("a count");
    assert_eq!(reached, tally.application, "a rejected request reached the application");
    println!(
        "{SWITCHES} switches, {CLIENTS} connections: {} responses of the application, {} of the proxy",
        tally.application, tally.maintenance
    );
    println!("from the rename to the first 503: {}", median_and_worst(&mut first_rejections));
    println!(
        "from the rename until every connection got 503: {}",
        median_and_worst(&mut last_rejections)
    );
}

fn median_and_worst(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let median = times[times.len() / 2];
    let worst = times.last().expect("at least one time");
    format!("median {median:.1?}, worst {worst:.1?}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_past_the_filter_finishes_and_the_next_request_on_its_connection_is_rejected() {
    for http in VERSIONS {
        let (mut envoy, upstream) = start_switchable(OFF).await;
        let mut client = Client::connect(envoy.address(), http).await.expect("a connection");
        let held = tokio::spawn(async move {
            let answer = client.send(request("GET", HELD)).await.expect("a response");
            (client, answer)
        });
        let arrived = async || (upstream.requests().len() == 1).then_some(());
        eventually("the request reaches the application", Duration::from_secs(10), arrived).await;
        envoy.switch(ON).await;
        upstream.release();
        let (mut client, answer) = held.await.expect("no panic");
        assert_application(&answer);
        assert_maintenance(&client.send(request("GET", "/")).await.expect("a response"));
        assert_eq!(upstream.requests().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_check_succeeds_throughout() {
    let (mut envoy, upstream) = start_switchable(OFF).await;
    let address = envoy.address();
    let done = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&done);
    let checks = tokio::spawn(async move {
        let mut count = 0;
        while !stop.load(Ordering::Relaxed) {
            assert_application(&get(address, HEALTH_CHECK).await);
            count += 1;
        }
        count
    });
    for _ in 0..5 {
        envoy.switch(ON).await;
        assert_maintenance(&envoy.get("/").await);
        envoy.switch(OFF).await;
        assert_application(&envoy.get("/").await);
    }
    done.store(true, Ordering::Relaxed);
    let checks: usize = checks.await.expect("every health check succeeds");
    assert!(checks > 0);
    assert_eq!(upstream.requests().len(), checks + 5);
}
