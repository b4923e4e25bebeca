//! Twenty switches under load. No request fails, and every response is valid.

use std::time::{Duration, Instant};

use harness::client::Answer;
use harness::load::{AnswerKind, Load};
use harness::upstream::BODY;
use harness::wait::eventually;
use maintenance_filter::limits::DEFAULT_BODY;

use mesh::Mesh;
use mesh::service::{CHANGE_TIMEOUT, Service};

const CLIENTS: usize = 8;
const ROUNDS: usize = 20;

pub async fn maintenance_mode_twenty_times(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    let on = || service.apply("maintenance-mode");
    let off = || service.delete("maintenance-mode");
    switch_under_load(&service, "apply and delete of maintenance-mode", on, off).await;
}

pub async fn traffic_extension_twenty_times(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    let on = || service.apply("traffic-extension");
    let off = || service.delete("traffic-extension");
    switch_under_load(&service, "apply and delete of traffic-extension", on, off).await;
}

pub async fn standby_twenty_times(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    service.apply("standby");
    let on = || service.patch_standby(r#"{"enabled":true}"#);
    let off = || service.patch_standby(r#"{"enabled":false}"#);
    switch_under_load(&service, "patch of standby", on, off).await;
}

/// A new version of the module is rolled out during maintenance.
pub async fn an_upgrade_in_maintenance_lets_nothing_through(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    service.apply("standby");
    service.until_installed("maintenance-standby").await;
    service.patch_standby(r#"{"enabled":true}"#);
    service.until_status(503).await;
    let load = Load::start(service.address(), CLIENTS, classify);
    load.until_all_receive(AnswerKind::Maintenance).await;
    let received = service.application.requests().len();
    let url = mesh.registry.push_next_version().await;
    service.patch("maintenance-standby", &format!(r#"{{"spec":{{"url":"{url}"}}}}"#));
    let requested = async || service.proxy().log().contains("with tag 0.2.0").then_some(());
    eventually("the agent requests the new version", CHANGE_TIMEOUT, requested).await;
    service.patch_standby(r#"{"retryAfterSeconds":301}"#);
    eventually("the new version answers", CHANGE_TIMEOUT, async || {
        (service.get("/").await.header("retry-after") == "301").then_some(())
    })
    .await;
    let tally = load.stop().await;
    // The classifier accepts only the reply of the old version.
    let is_new_reply = |failure: &String| failure.contains("\"retry-after\": \"301\"");
    assert!(tally.faults.iter().all(is_new_reply), "{:#?}", tally.faults);
    assert_eq!(tally.application, 0);
    assert_eq!(service.application.requests().len(), received);
}

/// Switches maintenance on and off under load and prints the times.
async fn switch_under_load(service: &Service, method: &str, on: impl Fn(), off: impl Fn()) {
    let load = Load::start(service.address(), CLIENTS, classify);
    load.until_all_receive(AnswerKind::Application).await;
    let mut to_first = Vec::new();
    let mut to_last = Vec::new();
    let mut to_application = Vec::new();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        on();
        let (first, last) = load.until_all_receive(AnswerKind::Maintenance).await;
        to_first.push(first - started);
        to_last.push(last - started);
        let started = Instant::now();
        off();
        let (_, last) = load.until_all_receive(AnswerKind::Application).await;
        to_application.push(last - started);
    }
    let tally = load.stop().await;
    assert!(tally.faults.is_empty(), "{:#?}", tally.faults);
    let received = u64::try_from(service.received("/")).expect("a count");
    assert_eq!(received, tally.application, "a rejected request reached the application");
    println!(
        "{method}, {ROUNDS} times, {CLIENTS} clients, {} requests, {} reconnected: \
         from the command's start to the first 503 {}, to every client's {}, back to the application {}",
        tally.application + tally.maintenance,
        tally.reconnected,
        median_and_worst(to_first),
        median_and_worst(to_last),
        median_and_worst(to_application),
    );
}

/// Classifies a response as the application's or the shipped maintenance reply.
fn classify(answer: &Answer) -> Option<AnswerKind> {
    let is_maintenance_reply = || {
        answer.header("retry-after") == "300"
            && answer.header("content-type") == "application/json"
            && answer.header("cache-control") == "no-store"
            && answer.body == DEFAULT_BODY
    };
    match answer.status {
        200 if answer.body == BODY => Some(AnswerKind::Application),
        503 if is_maintenance_reply() => Some(AnswerKind::Maintenance),
        _ => None,
    }
}

fn median_and_worst(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let median = times[times.len() / 2];
    let worst = times[times.len() - 1];
    format!("{} ms (worst {} ms)", median.as_millis(), worst.as_millis())
}
