//! Tests that the files made from the wire types are current and agree with the filter:
//! the JSON Schema, the configuration reference, and the configurations in the
//! documentation. Also tests that the documentation names existing test cases.

mod case_names;
mod documents;
mod reference;

use std::fs;
use std::path::Path;

use maintenance_filter::config::PluginConfig;
use schemars::generate::SchemaSettings;
use serde_json::Value;

const TABLE: &str = include_str!("../configurations.json");

/// The JSON Schema of the types that the filter reads its configuration into. It
/// cannot say everything: it does not count the bytes of a string, and does not
/// find a header given twice in different case.
fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|it| it.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<PluginConfig>().to_value()
}

/// Asserts that a file of the repository has the content `current`. `make schema` sets
/// `UPDATE_SCHEMA`, and then this function writes the file first.
#[track_caller]
fn assert_current(file: &str, current: &str) {
    let path: &Path = &harness::repository().join(file);
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(path, current).expect("a file written");
    }
    let shipped = fs::read_to_string(path).unwrap_or_default();
    assert!(shipped == current, "{file} is not current: run `make schema`");
}

#[test]
fn the_schema_is_current() {
    assert_current("istio/plugin-config.schema.json", &format!("{:#}\n", schema()));
}

/// The column `schema` of the table is true, false, or null. Null means that the
/// schema is not asked: the text is not JSON, or JSON Schema cannot tell it from
/// an allowed value.
#[test]
fn the_schema_and_the_filter_agree_on_every_configuration_of_the_table() {
    let validator = jsonschema::validator_for(&schema()).expect("a JSON Schema");
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
