//! All manifests of the recipes, and of `istio/`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use harness::repository;
use maintenance_filter::policy::Policy;
use serde_json::Value;

use crate::manifest::{folder, plugin_config_of, read};

/// Manifests of the recipes.
fn recipes() -> Vec<PathBuf> {
    files(&folder(), "yaml")
}

/// Files in a folder with an extension.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let paths = entries.map(|entry| entry.path());
    paths.filter(|path| path.extension() == Some(extension.as_ref())).collect()
}

/// Plugins in `istio/`, without the policy and the image.
fn plugins_of_istio() -> Vec<PathBuf> {
    let plugin = |name| repository().join("istio").join(name).join(name).with_extension("yaml");
    ["maintenance-mode", "standby", "gateway", "waypoint", "traffic-extension"].map(plugin).into()
}

fn name(file: &Path) -> &str {
    file.file_stem().and_then(|name| name.to_str()).expect("a name in UTF-8")
}

#[test]
fn the_schema_and_the_filter_accept_every_manifest() {
    let schema = repository().join("istio/plugin-config.schema.json");
    let schema: Value =
        serde_json::from_slice(&fs::read(schema).expect("the schema")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a JSON Schema");
    for file in &recipes() {
        let config = plugin_config_of(file);
        assert!(validator.is_valid(&config), "{}", file.display());
        Policy::from_json(config.to_string().as_bytes())
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
}

/// `tests/istio` measures what the header does.
#[test]
fn every_plugin_stops_retries_of_the_callers_sidecar() {
    for file in recipes().iter().chain(&plugins_of_istio()) {
        let config = plugin_config_of(file);
        let header = &config["response"]["headers"]["x-envoy-ratelimited"];
        assert_eq!(header, "true", "{}", file.display());
    }
}

/// Outside of `pluginConfig`, a recipe is the manifest of `istio/` that it replaces.
#[test]
fn a_recipe_differs_from_the_manifest_it_replaces_in_the_plugin_configuration_alone() {
    let replaced = plugins_of_istio();
    for file in recipes() {
        let recipe = read(&file);
        let original = replaced.iter().map(|file| read(file));
        let original = original.into_iter().find(|original| {
            original["metadata"] == recipe["metadata"] && original["kind"] == recipe["kind"]
        });
        let mut original =
            original.unwrap_or_else(|| panic!("{} replaces nothing", file.display()));
        original["spec"]["pluginConfig"] = recipe["spec"]["pluginConfig"].clone();
        assert_eq!(recipe, original, "{}", file.display());
    }
}

#[test]
fn every_recipe_has_a_page_and_a_line_in_the_index() {
    let names = |extension| -> BTreeSet<String> {
        files(&folder(), extension).iter().map(|file| name(file).into()).collect()
    };
    let mut pages = names("md");
    assert!(pages.remove("README"));
    assert_eq!(pages, names("yaml"));
    let index = fs::read_to_string(folder().join("README.md")).expect("the index");
    for name in pages {
        assert!(index.contains(&format!("[{name}]({name}.md)")), "{name} is not in the index");
        let page = fs::read_to_string(folder().join(&name).with_extension("md")).expect("a page");
        assert!(page.contains(&format!("]({name}.yaml)")), "{name}.md does not name its manifest");
    }
}
