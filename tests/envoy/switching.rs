//! Switching while requests flow.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use harness::client::{Client, get, request};
use harness::load::{Load, Verdict};
use harness::upstream::HELD;
use harness::wait::eventually;

use crate::support::{
    HEALTH, OFF, ON, VERSIONS, assert_application, assert_maintenance, judge, switchable,
};

const CLIENTS: usize = 8;
const SWITCHES: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_mixed_in_50_switches_under_load() {
    let (mut envoy, upstream) = switchable(OFF).await;
    let load = Load::start(envoy.address(), CLIENTS, judge);
    load.all_see(Verdict::Application).await;
    let mut first = Vec::new();
    let mut last = Vec::new();
    for switch in 0..SWITCHES {
        let on = switch % 2 == 0;
        let renamed = envoy.publish(if on { ON } else { OFF });
        let verdict = if on { Verdict::Maintenance } else { Verdict::Application };
        let (earliest, latest) = load.all_see(verdict).await;
        if on {
            first.push(earliest.saturating_duration_since(renamed));
            last.push(latest.saturating_duration_since(renamed));
        }
    }
    let tally = load.stop().await;
    assert_eq!(tally.faults, [""; 0]);
    assert_eq!(tally.reconnected, 0, "no connection is closed");
    let reached = u64::try_from(upstream.requests().len()).expect("a count");
    assert_eq!(reached, tally.application, "a rejected request never reaches the application");
    println!(
        "{SWITCHES} switches, {CLIENTS} connections: {} answers of the application, {} of the proxy",
        tally.application, tally.maintenance
    );
    println!("from the rename to the first 503: {}", spread(&mut first));
    println!("from the rename until every connection got 503: {}", spread(&mut last));
}

fn spread(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let median = times[times.len() / 2];
    let worst = times.last().expect("a time");
    format!("median {median:.1?}, worst {worst:.1?}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_past_the_filter_finishes_and_the_next_on_its_connection_is_rejected() {
    for http in VERSIONS {
        let (mut envoy, upstream) = switchable(OFF).await;
        let mut client = Client::connect(envoy.address(), http).await.expect("a connection");
        let held = tokio::spawn(async move {
            let answer = client.send(request("GET", HELD)).await.expect("an answer");
            (client, answer)
        });
        let arrived = async || (upstream.requests().len() == 1).then_some(());
        eventually("the request is at the application", Duration::from_secs(10), arrived).await;
        envoy.switch(ON).await;
        upstream.release();
        let (mut client, answer) = held.await.expect("no panic");
        assert_application(&answer);
        assert_maintenance(&client.send(request("GET", "/")).await.expect("an answer"));
        assert_eq!(upstream.requests().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_check_is_answered_throughout() {
    let (mut envoy, upstream) = switchable(OFF).await;
    let address = envoy.address();
    let done = Arc::new(AtomicBool::new(false));
    let over = Arc::clone(&done);
    let checks = tokio::spawn(async move {
        let mut count = 0;
        while !over.load(Ordering::Relaxed) {
            assert_application(&get(address, HEALTH).await);
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
    let checks: usize = checks.await.expect("every check is answered");
    assert!(checks > 0);
    assert_eq!(upstream.requests().len(), checks + 5);
}
