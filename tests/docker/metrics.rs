//! A real Prometheus scrapes a running Envoy, and the dashboard's queries find data.

use std::fmt::Write;
use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use harness::client::{self, Client, Http, request};
use harness::repository;
use harness::wait::eventually;
use serde_json::Value;

use crate::demonstration::Demonstration;

const TIME_TO_SCRAPE: Duration = Duration::from_secs(120);
const DASHBOARD: &str = "observability/grafana/dashboards/maintenance.json";

/// The title and the query of each panel, for all namespaces and workloads.
fn queries() -> Vec<(String, String)> {
    let text = fs::read(repository().join(DASHBOARD)).expect(DASHBOARD);
    let dashboard: Value = serde_json::from_slice(&text).expect("JSON");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let mut queries = Vec::new();
    for panel in dashboard["panels"].as_array().expect("panels") {
        for target in panel["targets"].as_array().expect("targets") {
            let query =
                text(&target["expr"]).replace("$namespace", ".*").replace("$workload", ".*");
            assert!(!query.contains('$'), "a variable that the test does not know: {query}");
            queries.push((text(&panel["title"]), query));
        }
    }
    queries
}

fn encode(query: &str) -> String {
    query.bytes().fold(String::new(), |mut encoded, byte| {
        write!(encoded, "%{byte:02X}").expect("a string takes it");
        encoded
    })
}

async fn ask(prometheus: SocketAddr, path: &str) -> Value {
    let answer = client::get(prometheus, path).await;
    serde_json::from_slice(&answer.body).expect("JSON")
}

/// The values that a query finds now.
async fn values(prometheus: SocketAddr, query: &str) -> Vec<f64> {
    let path = format!("/api/v1/query?query={}", encode(query));
    let answer = ask(prometheus, &path).await;
    assert_eq!(answer["status"], "success", "{query}: {answer}");
    let samples = answer["data"]["result"].as_array().expect("samples").iter();
    let value = |sample: &Value| sample["value"][1].as_str().expect("a value").parse();
    samples.map(|sample| value(sample).expect("a number")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_of_the_dashboard_finds_data() {
    let demonstration = Demonstration::up();
    demonstration.compose(&["up", "--detach", "prometheus"]);
    let prometheus = demonstration.port("prometheus", "9090");
    let ready = async || {
        let mut client = Client::connect(prometheus, Http::One).await.ok()?;
        let answer = client.send(request("GET", "/-/ready")).await.ok()?;
        (answer.status == 200).then_some(())
    };
    eventually("Prometheus is ready", TIME_TO_SCRAPE, ready).await;
    let proxy = demonstration.port("proxy", "10000");
    demonstration.make("on");
    assert!(!demonstration.try_make(&["on", "RETRY_AFTER=0"]).status.success());

    let queries = queries();
    assert_eq!(queries.len(), 6);
    for (title, query) in &queries {
        let found = async || {
            client::get(proxy, "/orders").await;
            client::get(proxy, "/load-balancer/health-check").await;
            let values = values(prometheus, query).await;
            // Each shows something of a proxy in maintenance that has refused a configuration.
            (values.len() == 1 && values[0] > 0.0).then(|| values[0])
        };
        let value = eventually(&format!("{title}: {query}"), TIME_TO_SCRAPE, found).await;
        println!("{title}: {value}");
    }
    check_rules(prometheus).await;

    demonstration.make("off");
    let off = async || {
        let ratio = values(prometheus, "workload:maintenance_active:ratio").await;
        (ratio == [0.0]).then_some(())
    };
    eventually("the dashboard shows that maintenance is off", TIME_TO_SCRAPE, off).await;
}

/// Prometheus evaluates every rule, and the refused configuration raises its alert alone.
async fn check_rules(prometheus: SocketAddr) {
    let as_expected = async || {
        let answer = ask(prometheus, "/api/v1/rules").await;
        let rules = answer["data"]["groups"][0]["rules"].as_array()?;
        let firing: Vec<_> = rules.iter().filter(|rule| rule["state"] == "firing").collect();
        (rules.len() == 9
            && rules.iter().all(|rule| rule["health"] == "ok")
            && firing.len() == 1
            && firing[0]["name"] == "MaintenanceConfigurationRefused")
            .then_some(())
    };
    eventually("every rule is evaluated, and one alert fires", TIME_TO_SCRAPE, as_expected).await;
}
