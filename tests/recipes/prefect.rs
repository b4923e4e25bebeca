//! Maintenance of a Prefect server, with Prefect's own server and client.

use std::time::{Duration, Instant};

use harness::envoy::{Bootstrap, Envoy};
use harness::wait::eventually;
use serde_json::{Value, json};

use crate::manifest::{eventually_metric, plugin_config};
use crate::prefect_server::{PrefectServer, Program};

const OFF: &str = r#"{"enabled": false}"#;
const WINDOW: Duration = Duration::from_secs(30);
const REJECTION_TIMEOUT: Duration = Duration::from_secs(60);
const REJECTED: &str = "maintenance_rejected_requests_total";
const FLOW_RUN: &str = "flow_run.py";
/// Setting that keeps `call.py` from asking for the server's version first.
const NO_VERSION_CHECK: (&str, &str) = ("PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED", "false");

/// Prefect's server behind an Envoy that is not in maintenance.
async fn start() -> (PrefectServer, Envoy) {
    let server = PrefectServer::start().await;
    let envoy = Envoy::start(&Bootstrap::watched(server.address(), OFF)).await;
    (server, envoy)
}

/// The recipe's configuration with a `Retry-After` of one second.
fn with_short_retry_after() -> Value {
    let mut config = plugin_config("prefect");
    config["retryAfterSeconds"] = json!(1);
    config
}

/// Configuration without the header that Prefect's client looks for.
fn without_header(mut config: Value) -> Value {
    let headers = config["response"]["headers"].as_object_mut().expect("headers");
    headers.remove("Prefect-Maintenance").expect("the recipe has the header");
    config
}

/// Number of requests that Envoy has sent to the server.
async fn sent_to_server(envoy: &Envoy) -> u64 {
    envoy.admin().stat("cluster.application.upstream_rq_total").await.expect("a statistic")
}

/// Waits until the filter has rejected some requests.
async fn until_rejected(envoy: &Envoy, count: u64) {
    let reached = async || {
        let rejected = envoy.admin().metric(REJECTED).await.unwrap_or_default();
        (rejected >= count).then_some(())
    };
    eventually(&format!("{count} requests are rejected"), REJECTION_TIMEOUT, reached).await;
}

/// A flow run that is running when a window of 30 s begins completes after the window.
/// The configuration is the recipe's, and the client has its default settings.
#[tokio::test(flavor = "multi_thread")]
async fn a_flow_run_rides_out_a_window_of_30_seconds() {
    let (server, mut envoy) = start().await;
    let mut flow_run = Program::start(FLOW_RUN, envoy.address(), &[]);
    flow_run.until_started().await;

    let begin = Instant::now();
    envoy.switch(&plugin_config("prefect").to_string()).await;
    let sent_before = sent_to_server(&envoy).await;
    assert_eq!(envoy.get("/api/health").await.status, 200, "the proxy answers the health check");
    flow_run.go();
    until_rejected(&envoy, 1).await;
    let over = async || (begin.elapsed() >= WINDOW).then_some(());
    eventually("the window is over", 2 * WINDOW, over).await;
    assert!(flow_run.is_running(), "the flow run did not wait");
    assert_eq!(sent_to_server(&envoy).await, sent_before, "a request reached the server");
    assert_eq!(server.flow_run_states().await, ["RUNNING"]);

    envoy.switch(OFF).await;
    let (succeeded, output) = flow_run.until_exited().await;
    assert!(succeeded, "{output}");
    assert_eq!(server.flow_run_states().await, ["COMPLETED"]);
}

/// A client that may retry once waits through 40 rejections, because replies with the
/// header do not count as tries. The server never hears of the task run: Prefect sends
/// it over a WebSocket, and gives that up after 11 tries.
#[tokio::test(flavor = "multi_thread")]
async fn a_flow_run_rides_out_a_window_longer_than_its_clients_retries() {
    let (server, mut envoy) = start().await;
    let settings = [("PREFECT_CLIENT_MAX_RETRIES", "1")];
    let mut flow_run = Program::start(FLOW_RUN, envoy.address(), &settings);
    flow_run.until_started().await;
    envoy.switch(&with_short_retry_after().to_string()).await;
    let sent_before = sent_to_server(&envoy).await;
    flow_run.go();
    until_rejected(&envoy, 40).await;
    assert!(flow_run.is_running(), "the flow run did not wait");
    assert_eq!(sent_to_server(&envoy).await, sent_before, "a request reached the server");

    envoy.switch(OFF).await;
    let (succeeded, output) = flow_run.until_exited().await;
    assert!(succeeded, "{output}");
    assert_eq!(server.flow_run_states().await, ["COMPLETED"]);
    assert!(output.contains("event data (including task run data) may be lost"), "{output}");
    assert_eq!(server.task_run_states().await, [""; 0]);
}

/// Without the header, the client's retries run out: the program fails, and the server
/// takes the flow run for running.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_header_a_flow_run_fails_when_its_clients_retries_run_out() {
    let (server, mut envoy) = start().await;
    let settings = [("PREFECT_CLIENT_MAX_RETRIES", "1")];
    let mut flow_run = Program::start(FLOW_RUN, envoy.address(), &settings);
    flow_run.until_started().await;
    envoy.switch(&without_header(with_short_retry_after()).to_string()).await;
    flow_run.go();
    let (succeeded, output) = flow_run.until_exited().await;
    assert!(!succeeded, "{output}");
    assert!(output.contains("503 Service Unavailable"), "{output}");
    envoy.switch(OFF).await;
    assert_eq!(server.flow_run_states().await, ["RUNNING"]);
}

/// Tries of one call with the client's default settings: six without the header, and
/// as many as it takes with the header.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_has_six_tries_without_the_header_and_no_limit_with_it() {
    let (_server, mut envoy) = start().await;
    envoy.switch(&without_header(with_short_retry_after()).to_string()).await;
    let mut call = Program::start("call.py", envoy.address(), &[NO_VERSION_CHECK]);
    let (succeeded, output) = call.until_exited().await;
    assert!(succeeded, "{output}");
    assert_eq!(output.trim(), "503");
    eventually_metric(&envoy, REJECTED, 6).await;

    envoy.switch(&with_short_retry_after().to_string()).await;
    let mut call = Program::start("call.py", envoy.address(), &[NO_VERSION_CHECK]);
    until_rejected(&envoy, 6 + 12).await;
    assert!(call.is_running(), "the call did not wait");
    envoy.switch(OFF).await;
    let (succeeded, output) = call.until_exited().await;
    assert!(succeeded, "{output}");
    assert_eq!(output.trim(), "200");
}
