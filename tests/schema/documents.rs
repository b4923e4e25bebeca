//! Configurations in README.md and `docs/`: the filter and the JSON Schema accept each.

use std::fs;
use std::path::{Path, PathBuf};

use harness::markdown::code_blocks;
use maintenance_filter::policy::Policy;
use serde_json::Value;

use crate::schema;

/// Pages in a folder and in the folders below it.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(pages(&path));
        } else if path.extension() == Some("md".as_ref()) {
            found.push(path);
        }
    }
    found
}

#[track_caller]
fn assert_accepted(configuration: &Value, file: &Path) {
    let validator = jsonschema::validator_for(&schema()).expect("a JSON Schema");
    let file = file.display();
    assert!(validator.is_valid(configuration), "{file}: the schema refuses {configuration}");
    Policy::from_json(configuration.to_string().as_bytes())
        .unwrap_or_else(|error| panic!("{file}: {error}: {configuration}"));
}

#[test]
fn the_plugin_in_the_readme_is_accepted() {
    let readme = harness::repository().join("README.md");
    let blocks = code_blocks(&readme);
    let block = blocks.iter().find(|block| block.text.contains("kind: WasmPlugin"));
    let plugin: Value = serde_saphyr::from_str(&block.expect("a WasmPlugin").text).expect("YAML");
    assert_accepted(&plugin["spec"]["pluginConfig"], &readme);
}

/// `DIGEST` stands for a digest.
#[test]
fn every_configuration_in_the_documentation_is_accepted() {
    let mut found = 0;
    for page in pages(&harness::repository().join("docs")) {
        for block in code_blocks(&page).iter().filter(|block| block.info == "json") {
            let text = block.text.replace("DIGEST", &"0".repeat(64));
            let configuration: Value = serde_json::from_str(&text)
                .unwrap_or_else(|error| panic!("{}: {error}: {text}", page.display()));
            assert_accepted(&configuration, &page);
            found += 1;
        }
    }
    assert!(found > 30, "only {found} configurations");
}
