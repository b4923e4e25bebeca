//! A thousand live switches of one Envoy, with invalid configurations between them.

use std::time::Duration;

use harness::envoy::{Bootstrap, Envoy};
use harness::upstream::Upstream;
use harness::wait::eventually;
use mesh::service::CHANGE_TIMEOUT;

use crate::clients::{Clients, Settings};
use crate::record::{Outcome, Record};
use crate::report;

const SWITCHES: u32 = 1000;
/// Switches from one invalid configuration to the next.
const BETWEEN_INVALID: u32 = 10;
/// Switches after which memory is read for the first time.
const WARM_UP: u32 = 200;
/// Growth of the resident memory from then on that still counts as none, in KiB.
const TOLERANCE_KIB: u64 = 8 * 1024;
const LOAD: Settings = Settings { count: 32, pause: Duration::ZERO };
const OFF: &str = r#"{"enabled": false}"#;

pub async fn a_thousand_lose_nothing() {
    let upstream = Upstream::start().await;
    let mut envoy = Envoy::start(&Bootstrap::watched(upstream.address(), OFF)).await;
    let clients = Clients::start(envoy.address(), LOAD);
    clients.until_all(&Outcome::Application).await;
    let mut resident = 0;
    for number in 1..=SWITCHES {
        if number % BETWEEN_INVALID == 0 {
            envoy.publish_rejected(&on(number + 1_000_000)).await;
        }
        let is_on = number % 2 == 1;
        envoy.publish(&if is_on { on(number) } else { OFF.into() });
        let wanted = if is_on { Outcome::Maintenance(number) } else { Outcome::Application };
        clients.until_all(&wanted).await;
        if number == WARM_UP {
            resident = envoy.resident_memory();
        }
        if number >= SWITCHES - 1 {
            until_gauge_is(&envoy, is_on.into()).await;
        }
    }
    let resident_after = envoy.resident_memory();
    assert_eq!(clients.connections(), LOAD.count, "a connection was closed");
    let record = clients.stop().await;
    record.assert_undisturbed();
    assert_in_order(&record);
    assert_eq!(upstream.requests().len(), record.application());
    assert_eq!(envoy.admin().updates().await.refused, u64::from(SWITCHES / BETWEEN_INVALID));
    for (line, count) in
        [("maintenance is on:", SWITCHES / 2), ("maintenance is off", SWITCHES / 2)]
    {
        let lines = async || {
            let found = envoy.log().matches(line).count();
            (u32::try_from(found) == Ok(count)).then_some(())
        };
        eventually(&format!("{count} lines {line:?}"), CHANGE_TIMEOUT, lines).await;
    }
    assert!(
        resident_after <= resident + TOLERANCE_KIB,
        "resident memory grew from {resident} to {resident_after} KiB"
    );
    report::add(format!(
        "switches::a_thousand_lose_nothing: {record}; {SWITCHES} switches, resident memory \
         {resident} KiB after {WARM_UP} of them, {resident_after} KiB at the end"
    ));
}

fn on(retry_after: u32) -> String {
    format!(r#"{{"enabled": true, "retryAfterSeconds": {retry_after}}}"#)
}

async fn until_gauge_is(envoy: &Envoy, expected: u64) {
    let shown =
        async || (envoy.admin().metric("maintenance_active").await == Some(expected)).then_some(());
    eventually(&format!("the gauge is {expected}"), CHANGE_TIMEOUT, shown).await;
}

/// Asserts that each client saw every configuration once, in order.
fn assert_in_order(record: &Record) {
    let expected = (0..=SWITCHES).map(|number| match number % 2 {
        1 => Outcome::Maintenance(number),
        _ => Outcome::Application,
    });
    let expected: Vec<Outcome> = expected.collect();
    for client in 0..LOAD.count {
        let own = record.0.iter().filter(|exchange| exchange.client == client);
        let mut seen: Vec<Outcome> = own.map(|exchange| exchange.outcome.clone()).collect();
        seen.dedup();
        assert_eq!(seen, expected, "client {client}");
    }
}
