//! Runs every row of `tests/configurations.json` through the policy. Other suites
//! check the same table against the JSON Schema and the admission policy.

use std::collections::HashSet;

use maintenance_filter::policy::Policy;
use serde_json::Value;

use crate::support::assert_readable;

const TABLE: &str = include_str!("../configurations.json");

fn rows() -> Vec<Value> {
    match serde_json::from_str(TABLE) {
        Ok(Value::Array(rows)) => rows,
        other => panic!("the table is not a list: {other:?}"),
    }
}

fn text<'a>(row: &'a Value, column: &str) -> &'a str {
    row[column].as_str().unwrap_or_else(|| panic!("{column} is missing in {row}"))
}

#[test]
fn every_configuration_gives_exactly_the_expected_result() {
    let mut mismatches = Vec::new();
    for row in rows() {
        let expected = text(&row, "filter");
        let result = match Policy::from_json(text(&row, "config").as_bytes()) {
            Ok(_) => "ok".to_string(),
            Err(error) => error.to_string(),
        };
        if result != expected {
            mismatches.push(format!(
                "{}:\n  got      {result}\n  expected {expected}",
                text(&row, "name")
            ));
        }
    }
    assert!(mismatches.is_empty(), "{}", mismatches.join("\n"));
}

#[test]
fn every_message_is_one_short_line() {
    for row in rows() {
        if text(&row, "filter") != "ok" {
            assert_readable(text(&row, "filter"));
        }
    }
}

#[test]
fn the_table_is_well_formed() {
    let rows = rows();
    let names: HashSet<_> = rows.iter().map(|row| text(row, "name")).collect();
    assert_eq!(names.len(), rows.len(), "two rows have the same name");
    for row in &rows {
        for column in ["schema", "admission"] {
            let value = &row[column];
            assert!(value.is_boolean() || value.is_null(), "{column} is {value} in {row}");
        }
    }
}
