//! The files of `envoy/`, byte for byte but for ports, folders and the module.

use std::fs;
use std::path::Path;

use harness::envoy::{Envoy, validate};
use harness::upstream::Upstream;
use harness::{plugin_wasm, repository};
use tempfile::TempDir;

use crate::privacy::{assert_no_secret, send_secrets};
use crate::support::{HEALTH, assert_application, assert_maintenance};

const BOOTSTRAPS: [&str; 2] = ["envoy/static.yaml", "envoy/dynamic/bootstrap.yaml"];

/// The bootstraps among the files of `envoy/`, at any depth.
fn all_bootstraps(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(repository().join(folder)).expect(folder) {
        let entry = entry.expect("an entry");
        let file = format!("{folder}/{}", entry.file_name().to_str().expect("UTF-8"));
        if entry.path().is_dir() {
            found.append(&mut all_bootstraps(&file));
        } else if read(&file).contains("\nstatic_resources:") {
            found.push(file);
        }
    }
    found
}

fn read(file: &str) -> String {
    let text = fs::read_to_string(repository().join(file)).expect(file);
    with_module(&text)
}

fn with_module(text: &str) -> String {
    let module = plugin_wasm();
    text.replace("dist/plugin.wasm", module.to_str().expect("a path in UTF-8"))
}

/// A bootstrap on ports of the kernel's choice, in front of `upstream`.
fn bootstrap(file: &str, upstream: &Upstream, folder: &Path) -> String {
    let port = format!("port_value: {}", upstream.address().port());
    watching(&read(file), folder)
        .replace("port_value: 10000", "port_value: 0")
        .replace("port_value: 9901", "port_value: 0")
        .replacen("port_value: 10080", "port_value: 0", 1)
        .replacen("port_value: 10080", &port, 1)
}

fn watching(text: &str, folder: &Path) -> String {
    let folder = folder.to_str().expect("a path in UTF-8");
    text.replace("path: .run/", &format!("path: {folder}/"))
        .replace("path: .run }", &format!("path: {folder} }}"))
}

/// Puts a file of `envoy/dynamic` where the proxy looks.
fn put(folder: &Path, file: &str) {
    let next = folder.join("next");
    fs::write(&next, read(file)).expect("the next file");
    fs::rename(next, folder.join("plugin.yaml")).expect("the file renamed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_static_bootstrap_is_in_maintenance() {
    let upstream = Upstream::start().await;
    let folder = TempDir::new().expect("a folder");
    let text = bootstrap("envoy/static.yaml", &upstream, folder.path());
    let envoy = Envoy::start_on(folder, &text, 1).await;
    assert_maintenance(&envoy.get("/").await);
    assert_eq!(upstream.requests(), [""; 0]);
    assert_application(&envoy.get(HEALTH).await);
    assert_eq!(upstream.requests().len(), 1);
    send_secrets(envoy.address()).await;
    let log = envoy.stop();
    assert!(log.contains(" 503 maintenance_mode retry-after=60 "), "{log}");
    assert_no_secret(&log);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dynamic_bootstrap_switches_between_the_shipped_files() {
    let upstream = Upstream::start().await;
    let folder = TempDir::new().expect("a folder");
    let watched = TempDir::new().expect("a folder");
    put(watched.path(), "envoy/dynamic/off.yaml");
    let text = bootstrap("envoy/dynamic/bootstrap.yaml", &upstream, watched.path());
    let envoy = Envoy::start_on(folder, &text, 2).await;
    for round in 1..=3 {
        assert_application(&envoy.get("/").await);
        assert_eq!(upstream.requests().len(), round);
        switch(&envoy, watched.path(), "envoy/dynamic/on.yaml").await;
        assert_maintenance(&envoy.get("/").await);
        switch(&envoy, watched.path(), "envoy/dynamic/off.yaml").await;
    }
    switch(&envoy, watched.path(), "envoy/dynamic/on.yaml").await;
    send_secrets(envoy.address()).await;
    assert_no_secret(&envoy.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_bad_start_the_default_of_the_dynamic_bootstrap_serves() {
    let upstream = Upstream::start().await;
    let folder = TempDir::new().expect("a folder");
    let watched = TempDir::new().expect("a folder");
    let bad = read("envoy/dynamic/on.yaml").replace(": 60}", ": 0}");
    fs::write(watched.path().join("plugin.yaml"), bad).expect("a bad configuration");
    let text = bootstrap("envoy/dynamic/bootstrap.yaml", &upstream, watched.path());
    let envoy = Envoy::start_on(folder, &text, 2).await;
    assert_application(&envoy.get("/").await);
    assert_eq!(upstream.requests().len(), 1);
    assert!(envoy.log().contains("plugin configuration refused: retryAfterSeconds: 0 is"));
    switch(&envoy, watched.path(), "envoy/dynamic/on.yaml").await;
    assert_maintenance(&envoy.get("/").await);
}

async fn switch(envoy: &Envoy, watched: &Path, file: &str) {
    let before = envoy.admin().updates().await.accepted;
    put(watched, file);
    let done = async || (envoy.admin().updates().await.accepted > before).then_some(());
    harness::wait::eventually(file, std::time::Duration::from_secs(10), done).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_application_tells_its_answers_apart() {
    let folder = TempDir::new().expect("a folder");
    let port = format!("port_value: {}", harness::port());
    let text = read("envoy/static.yaml")
        .replace(r#"{"enabled": true"#, r#"{"enabled": false"#)
        .replace("port_value: 10000", "port_value: 0")
        .replace("port_value: 9901", "port_value: 0")
        .replace("port_value: 10080", &port);
    let envoy = Envoy::start_on(folder, &text, 1).await;
    assert_eq!(envoy.get("/").await.body, "{\"from\":\"the application\"}\n");
    assert_eq!(envoy.get(HEALTH).await.body, "{\"status\":\"UP\"}\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bootstrap_is_valid_and_nothing_in_it_is_deprecated() {
    let watched = TempDir::new().expect("a folder");
    put(watched.path(), "envoy/dynamic/off.yaml");
    let files = all_bootstraps("envoy");
    assert_eq!(files.len(), 4, "{files:?}");
    for file in files {
        let output = validate(&watching(&read(&file), watched.path()));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{file}: {said}");
        assert!(!said.to_lowercase().contains("deprecated"), "{file}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_static_bootstrap_fails_validation_with_our_message() {
    let good = r#"{"enabled": true, "retryAfterSeconds": 60}"#;
    let text = read("envoy/static.yaml");
    assert!(text.contains(good));
    let output = validate(&text.replace(good, r#"{"enabled": true, "retryAfterSeconds": 0}"#));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    let message = "plugin configuration refused: retryAfterSeconds: 0 is not allowed: \
        must be a whole number of seconds from 1 to 604800\n";
    assert!(said.contains(message), "{said}");
}

#[test]
fn the_admin_interface_is_on_loopback_only() {
    for file in BOOTSTRAPS {
        let text = read(file);
        let listens: Vec<_> = text.match_indices("socket_address: {").collect();
        let loopback: Vec<_> =
            text.match_indices("socket_address: { address: 127.0.0.1,").collect();
        assert_eq!(listens.len(), loopback.len(), "{file}");
    }
}
