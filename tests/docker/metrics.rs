//! Metrics: a real Prometheus scrapes a running Envoy, and every query of the
//! dashboard returns data.

use std::fmt::Write;
use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use harness::client::{self, Client, Http, request};
use harness::repository;
use harness::wait::eventually;
use hyper::header::HeaderValue;
use serde_json::{Value, json};

use crate::demonstration::Demonstration;

const SCRAPE_TIMEOUT: Duration = Duration::from_secs(120);
const TOKEN: &str = "the-token-of-an-operator";
/// SHA-256 digest of [`TOKEN`].
const TOKEN_DIGEST: &str = "99c3276bb6a4ef1b5bae29ea9a6d9bcb3fd12c263976564864644e9723858282";
const DASHBOARD: &str = "observability/grafana/dashboards/maintenance.json";

/// Title and query of each dashboard panel, for all namespaces and workloads.
fn dashboard_queries() -> Vec<(String, String)> {
    let text = fs::read(repository().join(DASHBOARD)).expect(DASHBOARD);
    let dashboard: Value = serde_json::from_slice(&text).expect("JSON");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let mut queries = Vec::new();
    for panel in dashboard["panels"].as_array().expect("panels") {
        for target in panel["targets"].as_array().expect("targets") {
            let query =
                text(&target["expr"]).replace("$namespace", ".*").replace("$workload", ".*");
            assert!(!query.contains('$'), "an unknown variable in {query}");
            queries.push((text(&panel["title"]), query));
        }
    }
    queries
}

/// Percent-encodes every byte of a query.
fn percent_encode(query: &str) -> String {
    query.bytes().fold(String::new(), |mut encoded, byte| {
        write!(encoded, "%{byte:02X}").expect("writing to a string succeeds");
        encoded
    })
}

/// Sends a GET request to Prometheus and parses the JSON response.
async fn get_json(prometheus: SocketAddr, path: &str) -> Value {
    let answer = client::get(prometheus, path).await;
    serde_json::from_slice(&answer.body).expect("JSON")
}

/// Current values of a query.
async fn values(prometheus: SocketAddr, query: &str) -> Vec<f64> {
    let path = format!("/api/v1/query?query={}", percent_encode(query));
    let answer = get_json(prometheus, &path).await;
    assert_eq!(answer["status"], "success", "{query}: {answer}");
    let samples = answer["data"]["result"].as_array().expect("samples").iter();
    let value = |sample: &Value| sample["value"][1].as_str().expect("a value").parse();
    samples.map(|sample| value(sample).expect("a number")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_of_the_dashboard_returns_data() {
    let demonstration = Demonstration::up();
    demonstration.compose(&["up", "--detach", "prometheus"]);
    let prometheus = demonstration.port("prometheus", "9090");
    let ready = async || {
        let mut client = Client::connect(prometheus, Http::One).await.ok()?;
        let answer = client.send(request("GET", "/-/ready")).await.ok()?;
        (answer.status == 200).then_some(())
    };
    eventually("Prometheus is ready", SCRAPE_TIMEOUT, ready).await;
    let proxy = demonstration.port("proxy", "10000");
    demonstration.make("on");
    assert!(!demonstration.try_make(&["on", "RETRY_AFTER=0"]).status.success());

    let queries = dashboard_queries();
    assert_eq!(queries.len(), 11);
    let is_of_new_field = |(_, query): &(String, String)| {
        ["dry_run", "window", "bypassed", "out_of_scope"].iter().any(|part| query.contains(part))
    };
    let (of_dry_run, of_maintenance): (Vec<_>, Vec<_>) =
        queries.into_iter().partition(is_of_new_field);
    assert_eq!(of_maintenance.len(), 6);
    // The proxy is in maintenance and has rejected a configuration, so every query has a
    // positive value.
    eventually_positive(prometheus, proxy, &of_maintenance).await;
    wait_for_rules(prometheus).await;
    demonstration.publish(&dry_run());
    eventually_positive(prometheus, proxy, &of_dry_run).await;

    demonstration.make("off");
    let off = async || {
        let ratio = values(prometheus, "workload:maintenance_active:ratio").await;
        (ratio == [0.0]).then_some(())
    };
    eventually("the dashboard shows that maintenance is off", SCRAPE_TIMEOUT, off).await;
}

/// Configuration of a dry run until next year, for `/orders/` alone, with a token.
fn dry_run() -> String {
    let next_year = SystemTime::now() + Duration::from_secs(365 * 86_400);
    json!({
        "enabled": true,
        "dryRun": true,
        "window": {"end": humantime::format_rfc3339_seconds(next_year).to_string()},
        "scope": {"pathPrefixes": ["/orders/", "/load-balancer/"]},
        "bypass": {"header": "x-token", "sha256": [TOKEN_DIGEST]},
    })
    .to_string()
}

/// Sends requests of every kind until each query has one positive value.
async fn eventually_positive(
    prometheus: SocketAddr,
    proxy: SocketAddr,
    queries: &[(String, String)],
) {
    for (title, query) in queries {
        let positive = async || {
            for path in ["/orders/1", "/load-balancer/health-check", "/blog"] {
                client::get(proxy, path).await;
            }
            let mut with_token = request("GET", "/orders/1");
            with_token.headers_mut().insert("x-token", HeaderValue::from_static(TOKEN));
            client::send(proxy, Http::One, with_token).await;
            let values = values(prometheus, query).await;
            (values.len() == 1 && values[0] > 0.0).then(|| values[0])
        };
        let value = eventually(&format!("{title}: {query}"), SCRAPE_TIMEOUT, positive).await;
        println!("{title}: {value}");
    }
}

/// Waits until Prometheus has evaluated every rule and fires only the alert for
/// the rejected configuration.
async fn wait_for_rules(prometheus: SocketAddr) {
    let as_expected = async || {
        let answer = get_json(prometheus, "/api/v1/rules").await;
        let rules = answer["data"]["groups"][0]["rules"].as_array()?;
        let firing: Vec<_> = rules.iter().filter(|rule| rule["state"] == "firing").collect();
        (rules.len() == 12
            && rules.iter().all(|rule| rule["health"] == "ok")
            && firing.len() == 1
            && firing[0]["name"] == "MaintenanceConfigurationRefused")
            .then_some(())
    };
    eventually(
        "every rule is healthy and only the alert for the rejected configuration fires",
        SCRAPE_TIMEOUT,
        as_expected,
    )
    .await;
}
