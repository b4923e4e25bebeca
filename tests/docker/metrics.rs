//! Metrics: a real Prometheus scrapes a running Envoy, and every query of the
//! dashboard returns data.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use harness::client::{self, Http, request};
use harness::prometheus::{DashboardQuery, Prometheus, dashboard_queries};
use harness::wait::eventually;
use hyper::header::HeaderValue;
use serde_json::json;

use crate::demonstration::Demonstration;

const SCRAPE_TIMEOUT: Duration = Duration::from_secs(120);
const RATE_INTERVAL: &str = "1m";
const TOKEN: &str = "the-token-of-an-operator";
/// SHA-256 digest of [`TOKEN`].
const TOKEN_DIGEST: &str = "99c3276bb6a4ef1b5bae29ea9a6d9bcb3fd12c263976564864644e9723858282";

/// State of the proxy in which a query has a positive value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// Maintenance is on, and a configuration was refused.
    On,
    /// A dry run, with a window, a scope and a token.
    DryRun,
    /// A window has not started.
    Scheduled,
}

fn state_of(query: &DashboardQuery) -> State {
    let of_dry_run =
        ["window_end", "bypassed", "out_of_scope", "dry_run_rejected", "dry_run_exempted"];
    if query.legend == "starts in" {
        State::Scheduled
    } else if of_dry_run.iter().any(|part| query.query.contains(part)) {
        State::DryRun
    } else {
        State::On
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_of_the_dashboard_returns_data() {
    let demonstration = Demonstration::up();
    demonstration.compose(&["up", "--detach", "prometheus"]);
    let prometheus = Prometheus::at(demonstration.port("prometheus", "9090"));
    eventually("Prometheus is ready", SCRAPE_TIMEOUT, async || prometheus.ready().await).await;
    let proxy = demonstration.port("proxy", "10000");
    demonstration.make("on");
    assert!(!demonstration.try_make(&["on", "RETRY_AFTER=0"]).status.success());

    let queries = dashboard_queries(RATE_INTERVAL);
    let workload_state = queries.iter().find(|query| query.panel == "State").expect("a panel");
    for (state, number_of_queries, value) in
        [(State::On, 12, 3.0), (State::DryRun, 6, 1.0), (State::Scheduled, 1, 2.0)]
    {
        match state {
            State::On => (),
            State::DryRun => demonstration.publish(&dry_run(0)),
            State::Scheduled => demonstration.publish(&dry_run(1)),
        }
        let in_state =
            async || (prometheus.values(&workload_state.query).await == [value]).then_some(());
        eventually(&format!("the panel State shows {state:?}"), SCRAPE_TIMEOUT, in_state).await;
        let queries: Vec<_> = queries.iter().filter(|query| state_of(query) == state).collect();
        assert_eq!(queries.len(), number_of_queries, "{state:?}: {queries:#?}");
        eventually_positive(prometheus, proxy, &queries).await;
        if state == State::On {
            wait_for_rules(prometheus).await;
        }
    }

    demonstration.make("off");
    let off = async || (prometheus.values(&workload_state.query).await == [0.0]).then_some(());
    eventually("the panel State shows that maintenance is off", SCRAPE_TIMEOUT, off).await;
}

/// Configuration of a dry run from `years` from now, or at once, for two years, for
/// `/orders/` alone, with a token.
fn dry_run(years: u64) -> String {
    let after = |years| {
        let time = SystemTime::now() + Duration::from_secs(years * 365 * 86_400);
        humantime::format_rfc3339_seconds(time).to_string()
    };
    json!({
        "enabled": true,
        "dryRun": true,
        "window": {"start": after(years), "end": after(years + 2)},
        "scope": {"pathPrefixes": ["/orders/", "/load-balancer/"]},
        "bypass": {"header": "x-token", "sha256": [TOKEN_DIGEST]},
    })
    .to_string()
}

/// Sends requests of every kind until each query has one positive value.
async fn eventually_positive(
    prometheus: Prometheus,
    proxy: SocketAddr,
    queries: &[&DashboardQuery],
) {
    for DashboardQuery { panel, query, .. } in queries {
        let positive = async || {
            for path in ["/orders/1", "/load-balancer/health-check", "/blog"] {
                client::get(proxy, path).await;
            }
            let mut with_token = request("GET", "/orders/1");
            with_token.headers_mut().insert("x-token", HeaderValue::from_static(TOKEN));
            client::send(proxy, Http::One, with_token).await;
            let values = prometheus.values(query).await;
            (values.len() == 1 && values[0] > 0.0).then(|| values[0])
        };
        let value = eventually(&format!("{panel}: {query}"), SCRAPE_TIMEOUT, positive).await;
        println!("{panel}: {value}");
    }
}

/// Waits until Prometheus has evaluated every rule and fires only the alert for
/// the rejected configuration.
async fn wait_for_rules(prometheus: Prometheus) {
    let as_expected = async || {
        let answer = prometheus.api("rules").await;
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
