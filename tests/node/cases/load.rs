//! Switches under load, through the Service and its two pods.

use std::time::Instant;

use harness::client::Answer;
use harness::load::{AnswerKind, Load};
use harness::upstream::BODY;
use maintenance_filter::limits::DEFAULT_BODY;

use crate::application::{Application, DEFAULT};
use crate::callers::Caller;
use crate::cluster::Cluster;

const CLIENTS: usize = 8;
const ROUNDS: usize = 5;

pub async fn nothing_is_lost_during_a_switch(cluster: &Cluster) {
    let application = Application::start(cluster, &DEFAULT).await;
    // kube-proxy refuses connections until it knows a pod that is ready.
    application.until_application_answers(&[Caller::Node]).await;
    let received = application.count("GET /").await;
    let load = Load::start(application.address(), CLIENTS, classify);
    load.until_all_receive(AnswerKind::Application).await;
    let (mut to_last, mut to_application) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let started = Instant::now();
        application.apply("maintenance-mode");
        let (_, last) = load.until_all_receive(AnswerKind::Maintenance).await;
        to_last.push((last - started).as_millis());
        let started = Instant::now();
        application.delete("maintenance-mode");
        let (_, last) = load.until_all_receive(AnswerKind::Application).await;
        to_application.push((last - started).as_millis());
    }
    let tally = load.stop().await;
    assert!(tally.faults.is_empty(), "{:#?}", tally.faults);
    let received = application.count("GET /").await - received;
    assert_eq!(received, tally.application, "a rejected request reached the application");
    println!(
        "{ROUNDS} switches, {CLIENTS} clients, {} requests, {} reconnected; in ms, from the command's start \
         to every client's 503 {to_last:?}, back to the application {to_application:?}",
        tally.application + tally.maintenance,
        tally.reconnected,
    );
    application.finish();
}

/// Classifies a response as the application's or the shipped maintenance reply.
fn classify(answer: &Answer) -> Option<AnswerKind> {
    match answer.status {
        200 if answer.body == BODY => Some(AnswerKind::Application),
        503 if answer.header("retry-after") == "300" && answer.body == DEFAULT_BODY => {
            Some(AnswerKind::Maintenance)
        }
        _ => None,
    }
}
