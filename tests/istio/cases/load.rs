//! Switched twenty times under load: nothing is lost, nothing is mixed up.

use std::time::{Duration, Instant};

use harness::client::Answer;
use harness::load::{Load, Verdict};
use harness::upstream::BODY;
use harness::wait::eventually;
use maintenance_filter::reply::DEFAULT_BODY;

use crate::mesh::Mesh;
use crate::service::{Service, TIME_TO_CHANGE};

const CLIENTS: usize = 8;
const ROUNDS: usize = 20;

pub async fn maintenance_mode_twenty_times(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    let on = || service.apply("maintenance-mode");
    let off = || service.delete("maintenance-mode");
    switched(&service, "apply and delete of maintenance-mode", on, off).await;
}

pub async fn traffic_extension_twenty_times(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    let on = || service.apply("traffic-extension");
    let off = || service.delete("traffic-extension");
    switched(&service, "apply and delete of traffic-extension", on, off).await;
}

pub async fn standby_twenty_times(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    service.apply("standby");
    let on = || service.patch_standby(r#"{"enabled":true}"#);
    let off = || service.patch_standby(r#"{"enabled":false}"#);
    switched(&service, "patch of standby", on, off).await;
}

/// A new version of the module takes over in the middle of it.
pub async fn an_upgrade_in_maintenance_lets_nothing_through(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    service.apply("standby");
    service.until_installed("maintenance-standby").await;
    service.patch_standby(r#"{"enabled":true}"#);
    service.until(503).await;
    let load = Load::start(service.address(), CLIENTS, judge);
    load.all_see(Verdict::Maintenance).await;
    let reached = service.application.requests().len();
    let url = mesh.registry.next_version().await;
    service.patch("maintenance-standby", &format!(r#"{{"spec":{{"url":"{url}"}}}}"#));
    let named = async || service.proxy().log().contains("with tag 0.2.0").then_some(());
    eventually("the agent has asked for the new version", TIME_TO_CHANGE, named).await;
    service.patch_standby(r#"{"retryAfterSeconds":301}"#);
    eventually("the new version answers", TIME_TO_CHANGE, async || {
        (service.get("/").await.header("retry-after") == "301").then_some(())
    })
    .await;
    let tally = load.stop().await;
    let old_or_new = |fault: &String| fault.contains("\"retry-after\": \"301\"");
    assert!(tally.faults.iter().all(old_or_new), "{:#?}", tally.faults);
    assert_eq!(tally.application, 0);
    assert_eq!(service.application.requests().len(), reached);
}

async fn switched(service: &Service, what: &str, on: impl Fn(), off: impl Fn()) {
    let load = Load::start(service.address(), CLIENTS, judge);
    load.all_see(Verdict::Application).await;
    let mut to_first = Vec::new();
    let mut to_last = Vec::new();
    let mut back = Vec::new();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        on();
        let (first, last) = load.all_see(Verdict::Maintenance).await;
        to_first.push(first - begun);
        to_last.push(last - begun);
        let begun = Instant::now();
        off();
        let (_, last) = load.all_see(Verdict::Application).await;
        back.push(last - begun);
    }
    let tally = load.stop().await;
    assert!(tally.faults.is_empty(), "{:#?}", tally.faults);
    let reached = u64::try_from(service.reached("/")).expect("a count");
    assert_eq!(reached, tally.application, "the application saw what it did not answer");
    println!(
        "{what}, {ROUNDS} times, {CLIENTS} clients, {} requests, {} reconnected: \
         from the command's start to the first 503 {}, to every client's {}, back to the application {}",
        tally.application + tally.maintenance,
        tally.reconnected,
        median_and_worst(to_first),
        median_and_worst(to_last),
        median_and_worst(back),
    );
}

fn judge(answer: &Answer) -> Option<Verdict> {
    let of_the_filter = || {
        answer.header("retry-after") == "300"
            && answer.header("content-type") == "application/json"
            && answer.header("cache-control") == "no-store"
            && answer.body == DEFAULT_BODY
    };
    match answer.status {
        200 if answer.body == BODY => Some(Verdict::Application),
        503 if of_the_filter() => Some(Verdict::Maintenance),
        _ => None,
    }
}

fn median_and_worst(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let median = times[times.len() / 2];
    let worst = times[times.len() - 1];
    format!("{} ms (worst {} ms)", median.as_millis(), worst.as_millis())
}
