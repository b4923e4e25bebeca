//! Prometheus rules and configuration, and the states of the dashboard, checked by
//! promtool.

use std::fs;
use std::path::{Path, PathBuf};

use harness::prometheus::dashboard_queries;
use harness::repository;
use serde_json::json;
use tempfile::TempDir;

use crate::support::{command, image_of, output};

fn rules() -> PathBuf {
    repository().join("observability/prometheus")
}

/// Runs promtool in a folder; a failure fails the test.
fn promtool(folder: &Path, arguments: &[&str]) {
    let mount = format!("{}:/rules:ro", folder.display());
    let image = image_of("PROMETHEUS_IMAGE");
    let mut run = command("docker", &["run", "--rm", "--network", "none", "--tmpfs", "/tmp"]);
    run.args(["--volume", &mount, "--workdir", "/rules", "--entrypoint", "promtool", &image]);
    let output = output(run.args(arguments));
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{errors}");
}

#[test]
fn the_rules_and_the_configuration_are_valid() {
    promtool(&rules(), &["check", "rules", "rules.yaml"]);
    promtool(&rules(), &["check", "config", "prometheus.yaml"]);
}

#[test]
fn the_rules_pass_their_unit_tests() {
    promtool(&rules(), &["test", "rules", "rules_test.yaml"]);
}

/// The panel "State" has a value of its own for each state of a workload's proxies, and
/// one above 10 if they are in different states.
#[test]
fn the_dashboard_tells_the_states_of_a_workload_apart() {
    const OFF: [&str; 3] = ["0", "0", "0"];
    const DRY_RUN: [&str; 3] = ["0", "1", "0"];
    const SCHEDULED: [&str; 3] = ["0", "0", "9999"];
    const ON: [&str; 3] = ["1", "0", "0"];
    /// `maintenance_active` may be the number of workers, and a window has started.
    const ON_IN_A_WINDOW: [&str; 3] = ["2", "0", "1"];
    let queries = dashboard_queries("1m");
    let state = queries.iter().find(|query| query.panel == "State").expect("a panel");
    let test = |(proxies, value): &(&[[&str; 3]], u32)| {
        let series = |(pod, values): (usize, &[&str; 3])| {
            let metrics = ["active", "dry_run_active", "window_start_timestamp_seconds"];
            let labels = format!(r#"{{namespace="shop", workload="orders", pod="{pod}"}}"#);
            let series = |(name, value)| json!({"series": format!("maintenance_{name}{labels}"), "values": value});
            metrics.into_iter().zip(values).map(series).collect::<Vec<_>>()
        };
        json!({
            "interval": "1m",
            "input_series": proxies.iter().enumerate().flat_map(series).collect::<Vec<_>>(),
            "promql_expr_test": [{
                "expr": state.query,
                "eval_time": "1m",
                "exp_samples": [{"labels": r#"{namespace="shop", workload="orders"}"#, "value": value}],
            }],
        })
    };
    let cases: [(&[[&str; 3]], u32); 8] = [
        (&[OFF, OFF], 0),
        (&[DRY_RUN], 1),
        (&[SCHEDULED, SCHEDULED], 2),
        (&[ON, ON, ON], 3),
        (&[ON, ON_IN_A_WINDOW], 3),
        (&[OFF, ON], 13),
        (&[OFF, OFF, DRY_RUN], 11),
        (&[SCHEDULED, ON], 13),
    ];
    let tests: Vec<_> = cases.iter().map(test).collect();
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("test.yaml");
    fs::write(file, json!({"tests": tests}).to_string()).expect("the tests written");
    promtool(folder.path(), &["test", "rules", "test.yaml"]);
}
