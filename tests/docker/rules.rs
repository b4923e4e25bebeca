//! Prometheus rules and configuration, checked by promtool.

use harness::repository;

use crate::support::{command, image_of, output};

/// Runs promtool in the folder of the rules; a failure fails the test.
fn promtool(arguments: &[&str]) {
    let mount = format!("{}:/rules:ro", repository().join("observability/prometheus").display());
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
    promtool(&["check", "rules", "rules.yaml"]);
    promtool(&["check", "config", "prometheus.yaml"]);
}

#[test]
fn the_rules_pass_their_unit_tests() {
    promtool(&["test", "rules", "rules_test.yaml"]);
}
