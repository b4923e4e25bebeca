//! `make dashboard-picture`: a switch of three real proxies, as the panels of the dashboard
//! show it. A real Prometheus scrapes them.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, SystemTime};

use harness::client::{Client, Http, request};
use harness::envoy::{Bootstrap, Envoy};
use harness::process::Process;
use harness::prometheus::{Prometheus, dashboard_queries};
use harness::upstream::Upstream;
use harness::wait::eventually;
use harness::{port, repository};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::chart;

const PICTURE: &str = "docs/dashboard";
const PODS: usize = 3;
const TOKEN: &str = "the-token-of-an-operator";
/// SHA-256 digest of [`TOKEN`].
const TOKEN_DIGEST: &str = "99c3276bb6a4ef1b5bae29ea9a6d9bcb3fd12c263976564864644e9723858282";
/// Seconds between two scrapes, and between two samples of a panel.
const STEP: u64 = 1;
const RATE_INTERVAL: &str = "5s";
const READY_TIMEOUT: Duration = Duration::from_secs(30);

/// Seconds from the start of the picture.
mod schedule {
    pub const DRY_RUN: u64 = 40;
    pub const ON: u64 = 80;
    /// The proxies follow one after another.
    pub const BETWEEN_PROXIES: u64 = 3;
    pub const OFF: u64 = 180;
    pub const END: u64 = 220;
}

/// Switches the proxies, and draws the metrics that Prometheus has scraped.
pub async fn draw() {
    let upstream = Upstream::start().await;
    let mut proxies = Vec::new();
    for _ in 0..PODS {
        let bootstrap = Bootstrap::watched(upstream.address(), r#"{"enabled": false}"#);
        proxies.push(Envoy::start(&bootstrap).await);
    }
    let folder = TempDir::new().expect("a temporary folder");
    let (_process, prometheus) = start_prometheus(&folder, &proxies).await;
    let mut clients = JoinSet::new();
    for (index, proxy) in proxies.iter().enumerate() {
        start_clients(&mut clients, proxy.address(), index);
    }
    // The first samples of a rate come one interval after the first scrape.
    let begin = Instant::now() + Duration::from_secs(10);
    let start = seconds_since_1970() + 10;
    let dry_run = configuration(true);
    let on = configuration(false);
    for (state, second, configuration) in [
        ("dry run", schedule::DRY_RUN, dry_run.as_str()),
        ("on", schedule::ON, on.as_str()),
        ("off", schedule::OFF, r#"{"enabled": false}"#),
    ] {
        for (index, proxy) in (0..).zip(&mut proxies) {
            let second = second + index * schedule::BETWEEN_PROXIES;
            sleep_until(begin + Duration::from_secs(second)).await;
            println!("{second} s: orders-{}: {state}", index + 1);
            proxy.switch(configuration).await;
        }
    }
    sleep_until(begin + Duration::from_secs(schedule::END)).await;
    assert!(clients.try_join_next().is_none(), "a client failed: its error is above");
    let rows = panel_rows(&prometheus, start).await;
    for panel in ["Proxies", "Requests"] {
        assert!(rows.iter().any(|row| row["panel"] == panel), "no data of the panel {panel}");
    }
    chart::draw("dashboard.vl.json", PICTURE, &json!({ "panels": rows }));
}

/// Configuration of a maintenance, or of its dry run, with a token for operators.
fn configuration(is_dry_run: bool) -> String {
    json!({
        "enabled": true,
        "dryRun": is_dry_run,
        "retryAfterSeconds": 300,
        "bypass": {"header": "x-token", "sha256": [TOKEN_DIGEST]},
    })
    .to_string()
}

async fn start_prometheus(folder: &TempDir, proxies: &[Envoy]) -> (Process, Prometheus) {
    let targets: Vec<_> = (1..)
        .zip(proxies)
        .map(|(number, proxy)| {
            json!({
                "targets": [proxy.admin().address().to_string()],
                "labels": {
                    "namespace": "shop",
                    "workload": "orders",
                    "pod": format!("orders-{number}"),
                },
            })
        })
        .collect();
    let interval = format!("{STEP}s");
    let config = json!({
        "global": {"scrape_interval": interval, "evaluation_interval": interval},
        "rule_files": [repository().join("observability/prometheus/rules.yaml")],
        "scrape_configs": [{
            "job_name": "envoy",
            "metrics_path": "/stats/prometheus",
            "static_configs": targets,
        }],
    });
    let file = folder.path().join("prometheus.yaml");
    fs::write(&file, config.to_string()).expect("the configuration written");
    let address = SocketAddr::from(([127, 0, 0, 1], port()));
    let mut command = Command::new("prometheus");
    command.arg(format!("--config.file={}", file.display()));
    command.arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()));
    command.arg(format!("--web.listen-address={address}"));
    let process = Process::spawn("prometheus", &mut command, &folder.path().join("log"));
    let prometheus = Prometheus::at(address);
    eventually("Prometheus is ready", READY_TIMEOUT, async || prometheus.ready().await).await;
    (process, prometheus)
}

/// Starts the clients of a proxy. The first proxy gets most requests.
fn start_clients(clients: &mut JoinSet<()>, proxy: SocketAddr, index: usize) {
    let per_second = [40, 32, 26][index % 3];
    for (path, token, per_second) in [
        ("/orders", None, per_second),
        ("/load-balancer/health-check", None, 4),
        ("/orders", Some(TOKEN), 2),
    ] {
        clients.spawn(send_steadily(proxy, path, token, per_second));
    }
}

async fn send_steadily(
    proxy: SocketAddr,
    path: &str,
    token: Option<&'static str>,
    per_second: u32,
) {
    let mut client = Client::connect(proxy, Http::One).await.expect("a connection");
    let mut ticks = interval(Duration::from_secs(1) / per_second);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let mut request = request("GET", path);
        if let Some(token) = token {
            request.headers_mut().insert("x-token", token.parse().expect("a header value"));
        }
        let answer = client.send(request).await.expect("an answer");
        assert!([200, 503].contains(&answer.status), "{answer:?}");
    }
}

/// A row for each sample of each query of the dashboard.
async fn panel_rows(prometheus: &Prometheus, start: u64) -> Vec<Value> {
    let mut rows = Vec::new();
    for query in dashboard_queries(RATE_INTERVAL) {
        let series = prometheus.series(&query.query, start, start + schedule::END, STEP).await;
        for series in series {
            for (time, value) in series.samples {
                rows.push(json!({
                    "panel": query.panel,
                    "query": query.id,
                    "legend": query.legend,
                    "pod": series.labels.get("pod"),
                    "second": time - f64::from(u32::try_from(start).expect("a time")),
                    "value": value,
                }));
            }
        }
    }
    rows
}

fn seconds_since_1970() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().expect("a clock after 1970").as_secs()
}
