//! Compose file: health, switching, confinement and cleanup.

use std::time::Duration;

use harness::wait::eventually;
use serde_json::{Value, json};

use crate::demonstration::Demonstration;
use crate::support::{command, docker, run};

const HEALTH: &str = "/load-balancer/health-check";

#[tokio::test(flavor = "multi_thread")]
async fn the_stack_starts_healthy_stays_healthy_when_switched_and_is_removed() {
    let demonstration = Demonstration::up();
    assert_eq!(demonstration.get("/orders").await.status, 200);
    demonstration.assert_stays_healthy().await;

    demonstration.make("on");
    let answer = demonstration.get("/orders").await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "60"));
    assert_eq!(demonstration.get(HEALTH).await.status, 200);
    let status = demonstration.make("status");
    assert!(
        status.contains("GET /                               503, retry-after: 60\n"),
        "{status}"
    );
    demonstration.assert_stays_healthy().await;

    let refused = demonstration.try_make(&["on", "RETRY_AFTER=0"]);
    let stderr = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && stderr.contains("retryAfterSeconds: 0 is not allowed"),
        "{stderr}"
    );
    assert_eq!(demonstration.get("/orders").await.header("retry-after"), "60");

    demonstration.make("off");
    assert_eq!(demonstration.get("/orders").await.status, 200);
    demonstration.assert_stays_healthy().await;

    demonstration.make("down");
    let label = format!("label=com.docker.compose.project={}", demonstration.project());
    for kind in [&["ps", "--all"][..], &["network", "ls"], &["volume", "ls"]] {
        let leftovers = docker(&[kind, &["--quiet", "--filter", &label]].concat());
        assert_eq!(leftovers, "", "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proxy_is_unhealthy_while_its_application_is_stopped() {
    let demonstration = Demonstration::up();
    demonstration.compose(&["stop", "--timeout", "5", "application"]);
    let unhealthy = async || {
        (demonstration.inspect("proxy")["State"]["Health"]["Status"] == "unhealthy").then_some(())
    };
    eventually("the proxy is unhealthy", Duration::from_secs(60), unhealthy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_container_is_confined() {
    let demonstration = Demonstration::up();
    for service in ["proxy", "application"] {
        let container = demonstration.inspect(service);
        let user = container["Config"]["User"].as_str().expect("a user");
        assert!(!["", "0", "root"].contains(&user) && !user.starts_with("0:"), "{service}: {user}");
        let host = &container["HostConfig"];
        assert_eq!(host["ReadonlyRootfs"], true, "{service}");
        assert_eq!(host["CapDrop"], json!(["ALL"]), "{service}");
        assert_eq!(host["SecurityOpt"], json!(["no-new-privileges:true"]), "{service}");
        assert_eq!(host["Memory"], 256 << 20, "{service}");
        assert_eq!(host["NanoCpus"], 1_000_000_000, "{service}");
        for mount in container["Mounts"].as_array().expect("mounts") {
            assert_eq!(mount["RW"], false, "{service}: {mount}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_statistics_and_readiness_are_published_outside_the_container() {
    let demonstration = Demonstration::up();
    let address = demonstration.port("proxy", "9902");
    for path in ["/stats", "/stats/prometheus", "/ready"] {
        assert_eq!(harness::client::get(address, path).await.status, 200, "{path}");
    }
    for path in ["/", "/config_dump", "/certs", "/quitquitquit", "/logging", "/listeners"] {
        assert_eq!(harness::client::get(address, path).await.status, 404, "{path}");
    }
    let post = harness::client::request("POST", "/stats");
    let answer = harness::client::send(address, harness::client::Http::One, post).await;
    assert_eq!(answer.status, 404);
}

#[test]
fn the_images_are_those_of_the_makefile_and_every_service_is_confined() {
    let config = ["compose", "--file", "envoy/compose.yaml", "--profile", "observe", "config"];
    let mut config = command("docker", &config);
    config.args(["--format", "json"]);
    let variables = ["ENVOY_IMAGE", "PROMETHEUS_IMAGE", "GRAFANA_IMAGE"];
    for name in variables {
        config.env_remove(name);
    }
    let config: Value = serde_json::from_str(&run(&mut config)).expect("JSON");
    let mut make = command("make", &["--print-data-base", "--question", "help"]);
    for name in variables {
        make.env_remove(name);
    }
    let database = crate::support::output(&mut make);
    let database = String::from_utf8_lossy(&database.stdout);
    let value = |name: &str| {
        let prefix = format!("{name} = ");
        let line = database.lines().find_map(|line| line.strip_prefix(&prefix));
        line.unwrap_or_else(|| panic!("no {name}")).to_owned()
    };
    let envoy = value("ENVOY_IMAGE").replace("$(ENVOY_VERSION)", &value("ENVOY_VERSION"));
    for (service, image) in
        [("proxy", &envoy), ("application", &envoy), ("prometheus", &value("PROMETHEUS_IMAGE"))]
    {
        assert_eq!(config["services"][service]["image"], json!(image), "{service}");
    }
    for (name, service) in config["services"].as_object().expect("services") {
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(service["cap_drop"], json!(["ALL"]), "{name}");
        assert_ne!(service["user"], "0:0", "{name}");
        let limits = &service["deploy"]["resources"]["limits"];
        assert!(limits["memory"].is_string() && !limits["cpus"].is_null(), "{name}: {service}");
        let ports = service["ports"].as_array().map_or(&[][..], Vec::as_slice);
        assert!(ports.iter().all(|port| port["host_ip"] == "127.0.0.1"), "{name}: {service}");
    }
}
