//! Manifests of the recipes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use harness::envoy::{Bootstrap, Envoy};
use harness::repository;
use harness::upstream::Upstream;
use harness::wait::eventually;
use serde_json::Value;

const COUNT_TIMEOUT: Duration = Duration::from_secs(10);

/// Folder of the recipes.
pub fn folder() -> PathBuf {
    repository().join("docs/recipes")
}

/// Plugin configuration in the manifest of a recipe.
pub fn plugin_config(recipe: &str) -> Value {
    plugin_config_of(&folder().join(recipe).with_extension("yaml"))
}

/// Plugin configuration in a manifest.
pub fn plugin_config_of(file: &Path) -> Value {
    let manifest = read(file);
    let spec = &manifest["spec"];
    let config = spec.get("pluginConfig").unwrap_or(&spec["wasm"]["pluginConfig"]);
    assert!(config.is_object(), "{} has no pluginConfig", file.display());
    config.clone()
}

/// The one resource in a file.
pub fn read(file: &Path) -> Value {
    let text = fs::read_to_string(file).expect("a manifest");
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Starts an upstream, and an Envoy that runs a recipe in front of it.
pub async fn start(recipe: &str) -> (Envoy, Upstream) {
    start_with(&plugin_config(recipe)).await
}

/// Starts an upstream, and an Envoy in front of it whose plugin configuration can be
/// changed.
pub async fn start_with(config: &Value) -> (Envoy, Upstream) {
    let upstream = Upstream::start().await;
    let bootstrap = Bootstrap::watched(upstream.address(), &config.to_string());
    (Envoy::start(&bootstrap).await, upstream)
}

/// Waits until a metric of the plugin has a value.
pub async fn eventually_metric(envoy: &Envoy, name: &str, value: u64) {
    let reached = async || (envoy.admin().metric(name).await == Some(value)).then_some(());
    eventually(&format!("{name} is {value}"), COUNT_TIMEOUT, reached).await;
}
