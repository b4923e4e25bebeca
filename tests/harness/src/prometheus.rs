//! Queries to a Prometheus, and the queries of the dashboard.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;

use serde_json::Value;

use crate::client::{self, Client, Http, request};
use crate::repository;

const DASHBOARD: &str = "observability/grafana/dashboards/maintenance.json";

/// Running Prometheus.
#[derive(Clone, Copy, Debug)]
pub struct Prometheus {
    address: SocketAddr,
}

/// Series of a range query.
#[derive(Clone, Debug)]
pub struct Series {
    /// Labels by name.
    pub labels: BTreeMap<String, String>,
    /// Samples: seconds since 1970, and value.
    pub samples: Vec<(f64, f64)>,
}

impl Prometheus {
    /// Prometheus that listens at `address`.
    #[must_use]
    pub fn at(address: SocketAddr) -> Self {
        Self { address }
    }

    /// Returns a value once Prometheus is ready.
    pub async fn ready(&self) -> Option<()> {
        let mut client = Client::connect(self.address, Http::One).await.ok()?;
        let answer = client.send(request("GET", "/-/ready")).await.ok()?;
        (answer.status == 200).then_some(())
    }

    /// Response of the API at `path`.
    pub async fn api(&self, path: &str) -> Value {
        let answer = client::get(self.address, &format!("/api/v1/{path}")).await;
        serde_json::from_slice(&answer.body).expect("JSON")
    }

    async fn result(&self, path: &str) -> Vec<Value> {
        let mut answer = self.api(path).await;
        assert_eq!(answer["status"], "success", "{path}: {answer}");
        match answer["data"]["result"].take() {
            Value::Array(result) => result,
            other => panic!("{path}: {other}"),
        }
    }

    /// Current values of a query.
    pub async fn values(&self, query: &str) -> Vec<f64> {
        let result = self.result(&format!("query?query={}", percent_encode(query))).await;
        result.iter().map(|sample| number(&sample["value"][1])).collect()
    }

    /// Series of a query from `start` to `end`, in seconds since 1970, with a sample
    /// each `step` seconds.
    pub async fn series(&self, query: &str, start: u64, end: u64, step: u64) -> Vec<Series> {
        let query = percent_encode(query);
        let path = format!("query_range?query={query}&start={start}&end={end}&step={step}");
        let series = |series: &Value| Series {
            labels: serde_json::from_value(series["metric"].clone()).expect("labels"),
            samples: series["values"]
                .as_array()
                .expect("samples")
                .iter()
                .map(|sample| (sample[0].as_f64().expect("a time"), number(&sample[1])))
                .collect(),
        };
        self.result(&path).await.iter().map(series).collect()
    }
}

fn number(text: &Value) -> f64 {
    text.as_str().and_then(|text| text.parse().ok()).expect("a number")
}

/// Percent-encodes every byte of a query.
fn percent_encode(query: &str) -> String {
    query.bytes().fold(String::new(), |mut encoded, byte| {
        write!(encoded, "%{byte:02X}").expect("writing to a string succeeds");
        encoded
    })
}

/// Query of the dashboard, for all namespaces and workloads.
#[derive(Clone, Debug)]
pub struct DashboardQuery {
    /// Title of the panel.
    pub panel: String,
    /// Identifier of the query in the panel.
    pub id: String,
    /// Template of the legend.
    pub legend: String,
    /// Query with the dashboard's variables replaced.
    pub query: String,
}

/// Queries of all panels of the dashboard, with rates over `rate_interval`.
#[must_use]
pub fn dashboard_queries(rate_interval: &str) -> Vec<DashboardQuery> {
    let text = fs::read(repository().join(DASHBOARD)).expect(DASHBOARD);
    let dashboard: Value = serde_json::from_slice(&text).expect("JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut queries = Vec::new();
    for panel in dashboard["panels"].as_array().expect("panels") {
        for target in panel["targets"].as_array().expect("targets") {
            let query = text(&target["expr"])
                .replace("$namespace", ".*")
                .replace("$workload", ".*")
                .replace("$__rate_interval", rate_interval);
            assert!(!query.is_empty() && !query.contains('$'), "unknown variable: {query}");
            queries.push(DashboardQuery {
                panel: text(&panel["title"]),
                id: text(&target["refId"]),
                legend: text(&target["legendFormat"]),
                query,
            });
        }
    }
    queries
}
