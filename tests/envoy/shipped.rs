//! Files shipped in `envoy/`, unchanged except for ports, folders and the path of
//! the module.

use std::fs;
use std::path::Path;

use harness::envoy::{Envoy, validate};
use harness::upstream::Upstream;
use harness::{plugin_wasm, repository};
use tempfile::TempDir;

use crate::privacy::{assert_no_secret, send_secrets};
use crate::support::{HEALTH_CHECK, assert_application, assert_maintenance};

const BOOTSTRAPS: [&str; 2] = ["envoy/static.yaml", "envoy/dynamic/bootstrap.yaml"];

/// Finds all bootstraps below a folder.
fn find_bootstraps(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(repository().join(folder)).expect(folder) {
        let entry = entry.expect("an entry");
        let file = format!("{folder}/{}", entry.file_name().to_str().expect("UTF-8"));
        if entry.path().is_dir() {
            found.append(&mut find_bootstraps(&file));
        } else if read(&file).contains("\nstatic_resources:") {
            found.push(file);
        }
    }
    found
}

/// Reads a shipped file and replaces the path of the module.
fn read(file: &str) -> String {
    let text = fs::read_to_string(repository().join(file)).expect(file);
    let module = plugin_wasm();
    text.replace("dist/plugin.wasm", module.to_str().expect("a path in UTF-8"))
}

/// Reads a shipped bootstrap and changes it to kernel-assigned ports, to
/// `upstream`, and to the watched folder.
fn bootstrap(file: &str, upstream: &Upstream, folder: &Path) -> String {
    let port = format!("port_value: {}", upstream.address().port());
    with_watched_folder(&read(file), folder)
        .replace("port_value: 10000", "port_value: 0")
        .replace("port_value: 9901", "port_value: 0")
        .replacen("port_value: 10080", "port_value: 0", 1)
        .replacen("port_value: 10080", &port, 1)
}

/// Replaces the watched folder in a bootstrap.
fn with_watched_folder(text: &str, folder: &Path) -> String {
    let folder = folder.to_str().expect("a path in UTF-8");
    text.replace("path: .run/", &format!("path: {folder}/"))
        .replace("path: .run }", &format!("path: {folder} }}"))
}

/// Replaces the watched plugin configuration with a shipped file.
fn publish(folder: &Path, file: &str) {
    let next = folder.join("next");
    fs::write(&next, read(file)).expect("the next file");
    fs::rename(next, folder.join("plugin.yaml")).expect("the file renamed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_static_bootstrap_enables_maintenance() {
    let upstream = Upstream::start().await;
    let folder = TempDir::new().expect("a folder");
    let text = bootstrap("envoy/static.yaml", &upstream, folder.path());
    let envoy = Envoy::start_with_bootstrap(folder, &text, 1).await;
    assert_maintenance(&envoy.get("/").await);
    upstream.assert_untouched();
    assert_application(&envoy.get(HEALTH_CHECK).await);
    assert_eq!(upstream.requests().len(), 1);
    send_secrets(&envoy).await;
    let log = envoy.stop();
    assert!(log.contains(" 503 maintenance_mode retry-after=60 "), "{log}");
    assert_no_secret(&log);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dynamic_bootstrap_switches_between_the_shipped_files() {
    let upstream = Upstream::start().await;
    let folder = TempDir::new().expect("a folder");
    let watched = TempDir::new().expect("a folder");
    publish(watched.path(), "envoy/dynamic/off.yaml");
    let text = bootstrap("envoy/dynamic/bootstrap.yaml", &upstream, watched.path());
    let envoy = Envoy::start_with_bootstrap(folder, &text, 2).await;
    for round in 1..=3 {
        assert_application(&envoy.get("/").await);
        assert_eq!(upstream.requests().len(), round);
        switch(&envoy, watched.path(), "envoy/dynamic/on.yaml").await;
        assert_maintenance(&envoy.get("/").await);
        switch(&envoy, watched.path(), "envoy/dynamic/off.yaml").await;
    }
    switch(&envoy, watched.path(), "envoy/dynamic/on.yaml").await;
    send_secrets(&envoy).await;
    assert_no_secret(&envoy.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dynamic_bootstrap_falls_back_to_its_default_if_the_first_configuration_is_invalid() {
    let upstream = Upstream::start().await;
    let folder = TempDir::new().expect("a folder");
    let watched = TempDir::new().expect("a folder");
    let invalid = read("envoy/dynamic/on.yaml").replace(": 60}", ": 0}");
    fs::write(watched.path().join("plugin.yaml"), invalid)
        .expect("an invalid configuration written");
    let text = bootstrap("envoy/dynamic/bootstrap.yaml", &upstream, watched.path());
    let envoy = Envoy::start_with_bootstrap(folder, &text, 2).await;
    assert_application(&envoy.get("/").await);
    assert_eq!(upstream.requests().len(), 1);
    assert!(envoy.log().contains("plugin configuration refused: retryAfterSeconds: 0 is"));
    switch(&envoy, watched.path(), "envoy/dynamic/on.yaml").await;
    assert_maintenance(&envoy.get("/").await);
}

async fn switch(envoy: &Envoy, watched: &Path, file: &str) {
    let before = envoy.admin().updates().await.accepted;
    publish(watched, file);
    let done = async || (envoy.admin().updates().await.accepted > before).then_some(());
    harness::wait::eventually(file, std::time::Duration::from_secs(10), done).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_application_has_a_body_for_each_path() {
    let folder = TempDir::new().expect("a folder");
    let port = format!("port_value: {}", harness::port());
    let text = read("envoy/static.yaml")
        .replace(r#"{"enabled": true"#, r#"{"enabled": false"#)
        .replace("port_value: 10000", "port_value: 0")
        .replace("port_value: 9901", "port_value: 0")
        .replace("port_value: 10080", &port);
    let envoy = Envoy::start_with_bootstrap(folder, &text, 1).await;
    assert_eq!(envoy.get("/").await.body, "{\"from\":\"the application\"}\n");
    assert_eq!(envoy.get(HEALTH_CHECK).await.body, "{\"status\":\"UP\"}\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bootstrap_is_valid_and_nothing_in_it_is_deprecated() {
    let watched = TempDir::new().expect("a folder");
    publish(watched.path(), "envoy/dynamic/off.yaml");
    let files = find_bootstraps("envoy");
    assert_eq!(files.len(), 4, "{files:?}");
    for file in files {
        let output = validate(&with_watched_folder(&read(&file), watched.path()));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{file}: {stderr}");
        assert!(!stderr.to_lowercase().contains("deprecated"), "{file}: {stderr}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_static_bootstrap_fails_validation_with_the_plugins_message() {
    let valid = r#"{"enabled": true, "retryAfterSeconds": 60}"#;
    let text = read("envoy/static.yaml");
    assert!(text.contains(valid));
    let output = validate(&text.replace(valid, r#"{"enabled": true, "retryAfterSeconds": 0}"#));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{stderr}");
    let message = "plugin configuration refused: retryAfterSeconds: 0 is not allowed: \
        must be a whole number of seconds from 1 to 604800\n";
    assert!(stderr.contains(message), "{stderr}");
}

#[test]
fn the_admin_interface_is_on_loopback_only() {
    for file in BOOTSTRAPS {
        let text = read(file);
        let listeners: Vec<_> = text.match_indices("socket_address: {").collect();
        let loopback: Vec<_> =
            text.match_indices("socket_address: { address: 127.0.0.1,").collect();
        assert_eq!(listeners.len(), loopback.len(), "{file}");
    }
}
