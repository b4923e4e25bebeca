//! `istio/standby` under a controller that applies its file again and again, as Argo CD
//! and Flux do, while somebody switches maintenance with `kubectl`.

use std::fs;
use std::path::Path;

use harness::upstream::BODY;
use harness::wait::eventually;
use serde_json::Value;

use super::guard_rails::yaml_block;
use super::switching::assert_maintenance;
use mesh::Mesh;
use mesh::service::{CHANGE_TIMEOUT, Service};

/// Field manager of the controller.
const MANAGER: &str = "gitops";
/// Argument with which a controller takes over fields of other managers.
pub const FORCE: &[&str] = &["--force-conflicts"];

/// Applies a file or a kustomization on the server, as a controller does.
///
/// # Errors
/// Returns the error of `kubectl`, such as a conflict with other managers.
pub fn controller(
    service: &Service,
    source: [&str; 2],
    arguments: &[&str],
) -> Result<String, String> {
    let manager = format!("--field-manager={MANAGER}");
    let apply = ["apply", "--server-side", &manager, "-n", &service.namespace];
    service.kubectl.try_run(&[&apply[..], &source, arguments].concat())
}

/// Writes the overlay in `docs/guard-rails.md`, which removes the fields that
/// `kubectl maintenance` sets, beside a copy of `istio/standby`. Returns its folder.
fn overlay(service: &Service) -> String {
    let folder = service.shipped.folder("overlay");
    fs::create_dir(&folder).expect("a folder");
    let text = yaml_block("op: remove");
    let namespace = format!("namespace: {}\n", service.namespace);
    assert!(text.contains("namespace: shop\n"));
    let file = Path::new(&folder).join("kustomization.yaml");
    fs::write(file, text.replace("namespace: shop\n", &namespace)).expect("the overlay");
    folder
}

/// Switches maintenance with `kubectl maintenance`.
#[track_caller]
fn switch(service: &Service, arguments: &[&str]) {
    let (status, text) = service.maintenance(arguments);
    assert_eq!(status, Some(0), "{text}");
}

/// With `enabled` in its file, the controller fails with a conflict, or ends
/// maintenance.
pub async fn a_controller_that_owns_the_switch_ends_maintenance(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    let folder = service.shipped.folder("standby");
    let apply = |arguments: &[&str]| controller(&service, ["-f", &folder], arguments);
    apply(&[]).expect("the file is applied");
    service.until_installed("maintenance-standby").await;
    switch(&service, &["on", "--retry-after", "600"]);
    assert_maintenance(&service.until_status(503).await, "600");

    let conflict = apply(&[]).expect_err("a conflict");
    for text in [
        "Apply failed with 2 conflicts",
        "\"kubectl-patch\"",
        "- .spec.pluginConfig.enabled\n",
        "- .spec.pluginConfig.retryAfterSeconds\n",
    ] {
        assert!(conflict.contains(text), "{text} is not in {conflict}");
    }
    assert_maintenance(&service.get("/").await, "600");

    apply(FORCE).expect("the file is applied");
    assert_eq!(service.until_status(200).await.body, BODY);
}

/// Without the fields in its file, the controller changes everything else, and never
/// the state.
pub async fn a_controller_without_the_switch_keeps_maintenance(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    let folder = overlay(&service);
    let apply = || controller(&service, ["-k", &folder], FORCE).expect("the file is applied");
    apply();
    service.until_installed("maintenance-standby").await;
    assert_eq!(service.get("/").await.body, BODY);

    switch(&service, &["on", "--retry-after", "600"]);
    assert_maintenance(&service.until_status(503).await, "600");
    let header = "x-envoy-ratelimited: \"true\"";
    let changed = format!("{header}\n        x-changed: in-git");
    service.shipped.edit("standby", header, &changed);
    apply();
    let arrived = async || {
        let answer = service.get("/").await;
        assert_maintenance(&answer, "600");
        (answer.header("x-changed") == "in-git").then_some(())
    };
    eventually("the change of the file is in force", CHANGE_TIMEOUT, arrived).await;
    assert_eq!(owners(&service, "enabled"), ["kubectl-patch"]);
    assert_eq!(owners(&service, "response"), [MANAGER]);

    switch(&service, &["off"]);
    assert_eq!(service.until_status(200).await.body, BODY);
    apply();
    assert_eq!(owners(&service, "enabled"), ["kubectl-patch"]);
    assert_eq!(service.get("/").await.body, BODY);

    // `kubectl apply` without `--server-side` leaves the fields alone, too.
    switch(&service, &["on", "--retry-after", "700"]);
    assert_maintenance(&service.until_status(503).await, "700");
    for _ in 0..2 {
        service.kubectl.run(&["apply", "-k", &folder]);
    }
    assert_eq!(config(&service)["enabled"], true);
    assert_maintenance(&service.get("/").await, "700");
}

/// Removes the field from the controller's file during maintenance. A controller that
/// applies on the client side then removes it from the plugin, which ends maintenance. A
/// controller that applies on the server side does not, because the field belongs to the
/// person who has changed it.
pub async fn the_switch_is_removed_from_the_file_while_it_is_off(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    let folder = overlay(&service);
    controller(&service, ["-f", &service.shipped.folder("standby")], &[]).expect("applied");
    service.until_installed("maintenance-standby").await;
    switch(&service, &["on", "--retry-after", "600"]);
    assert_maintenance(&service.until_status(503).await, "600");
    controller(&service, ["-k", &folder], FORCE).expect("applied");
    assert_eq!(config(&service)["enabled"], true);
    assert_maintenance(&service.get("/").await, "600");

    let other = Service::start(mesh).await;
    let folder = overlay(&other);
    other.apply("standby");
    other.until_installed("maintenance-standby").await;
    switch(&other, &["on", "--retry-after", "600"]);
    assert_maintenance(&other.until_status(503).await, "600");
    other.kubectl.run(&["apply", "-k", &folder]);
    assert_eq!(other.until_status(200).await.body, BODY);
    assert_eq!(config(&other)["enabled"], Value::Null);
}

/// The plugin in the API.
fn plugin(service: &Service) -> Value {
    let get = ["get", "wasmplugin", "maintenance-standby", "-n", &service.namespace];
    let text = service.kubectl.run(&[&get[..], &["-o", "json", "--show-managed-fields"]].concat());
    serde_json::from_str(&text).expect("JSON")
}

/// Configuration of the plugin in the API.
fn config(service: &Service) -> Value {
    plugin(service)["spec"]["pluginConfig"].take()
}

/// Managers of a field of the plugin configuration.
fn owners(service: &Service, field: &str) -> Vec<String> {
    let plugin = plugin(service);
    let managers = plugin["metadata"]["managedFields"].as_array().expect("managers").iter();
    managers
        .filter(|manager| {
            let config = &manager["fieldsV1"]["f:spec"]["f:pluginConfig"];
            config.get(format!("f:{field}")).is_some()
        })
        .map(|manager| manager["manager"].as_str().expect("a name").into())
        .collect()
}
