//! `istio/plugin-config.schema.json`: current, and of one mind with the filter.

mod generated;

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

const TABLE: &str = include_str!("../configurations.json");

fn file() -> PathBuf {
    harness::repository().join("istio/plugin-config.schema.json")
}

/// `make schema` sets `UPDATE_SCHEMA`, and with it this test writes the file.
#[test]
fn the_schema_is_that_of_the_sources() {
    let current = format!("{:#}\n", generated::schema());
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(file(), &current).expect("the schema written");
    }
    let shipped = fs::read_to_string(file()).unwrap_or_default();
    assert_eq!(
        shipped, current,
        "istio/plugin-config.schema.json is not current: run `make schema`"
    );
}

/// The column `schema` of the table: true, false, or null where it is not asked,
/// because the text is no JSON or reads as another value.
#[test]
fn every_configuration_of_the_table_is_judged_as_it_says() {
    let validator = jsonschema::validator_for(&generated::schema()).expect("a JSON Schema");
    let rows: Vec<Value> = serde_json::from_str(TABLE).expect("the table");
    let mut asked = 0;
    for row in &rows {
        let Some(expected) = row["schema"].as_bool() else { continue };
        let text = row["config"].as_str().expect("a configuration");
        let configuration: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(validator.is_valid(&configuration), expected, "{row}");
        asked += 1;
    }
    assert!(asked >= 60, "the table has only {asked} configurations for the schema");
}
