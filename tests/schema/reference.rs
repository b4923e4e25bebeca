//! The page `docs/configuration.md`, made from the JSON Schema. `make schema` writes it.

use std::fmt::Write;

use maintenance_filter::policy::Policy;
use serde_json::{Map, Value, json};

use crate::{assert_current, schema};

/// Configuration that has every field. Each section of the page takes its example from it.
const EXAMPLE: &str = include_str!("example.json");

/// Longest default that the table of all fields shows, in bytes.
const MAX_CELL_WIDTH: usize = 60;
/// Longest example on one line, in bytes.
const MAX_LINE_WIDTH: usize = 80;

const INTRODUCTION: &str = "\
<!-- `make schema` writes this page from the doc comments of the wire types in src/. Do not edit it. -->
# Configuration reference

The plugin configuration is a JSON object. In a `WasmPlugin` it is the value of `pluginConfig`, in a `TrafficExtension` that
of `wasm.pluginConfig`. There you may write it in YAML.

- Every field is optional unless it says *required*.
- An empty or missing configuration means `{}`. With it the filter does nothing.
- The filter refuses unknown fields, repeated fields, wrong types and values out of range. The message names the field, and
  the last good configuration stays in force.
- [How it decides](decisions.md) explains how the fields work together.
- Editors can check a configuration with the JSON Schema in
  [istio/plugin-config.schema.json](../istio/plugin-config.schema.json).

";

/// Field of the configuration.
struct Field {
    /// Name with the names of its parents, such as `exemptions[].path`.
    path: String,
    schema: Value,
    is_required: bool,
    /// Smallest configuration with this field, taken from the example.
    example: Value,
}

#[test]
fn the_reference_is_current() {
    let example = serde_json::from_str(EXAMPLE).expect("JSON");
    let mut fields = Vec::new();
    collect("", &schema(), &example, &|value| value, &mut fields);
    assert_current("docs/configuration.md", &page(&fields));
}

/// Adds the fields of an object and of the objects inside it. `wrap` makes a
/// configuration of a value in the place of `example`.
fn collect(
    parent: &str,
    schema: &Value,
    example: &Value,
    wrap: &dyn Fn(Value) -> Value,
    fields: &mut Vec<Field>,
) {
    let is_required = |name: &str| {
        let required = schema["required"].as_array();
        required.is_some_and(|names| names.iter().any(|other| other == name))
    };
    for (name, schema) in schema["properties"].as_object().expect("an object") {
        let path = format!("{parent}{name}");
        // A field of an object in a list has its example in any of them.
        let entries = example.as_array().cloned().unwrap_or_else(|| vec![example.clone()]);
        let entry = entries.iter().find(|entry| entry.get(name).is_some());
        let entry = entry.unwrap_or_else(|| panic!("tests/schema/example.json has no {path}"));
        let as_entry = |entry: Value| wrap(if example.is_array() { json!([entry]) } else { entry });
        let alone = as_entry(json!({name: entry[name]}));
        let with_siblings = as_entry(entry.clone());
        fields.push(Field {
            path: path.clone(),
            schema: schema.clone(),
            is_required: is_required(name),
            example: if is_valid(&alone) { alone } else { with_siblings },
        });
        let inside = |value| as_entry(json!({name: value}));
        if schema["properties"].is_object() {
            collect(&format!("{path}."), schema, &entry[name], &inside, fields);
        } else if schema["items"]["properties"].is_object() {
            collect(&format!("{path}[]."), &schema["items"], &entry[name], &inside, fields);
        }
    }
}

fn is_valid(configuration: &Value) -> bool {
    Policy::from_json(configuration.to_string().as_bytes()).is_ok()
}

fn page(fields: &[Field]) -> String {
    let mut page =
        format!("{INTRODUCTION}## All fields\n\n| field | type | default |\n|---|---|---|\n");
    for Field { path, schema, .. } in fields {
        let default = default_of(schema).unwrap_or_default();
        let is_short = default.len() <= MAX_CELL_WIDTH;
        let default = if is_short { default } else { format!("[see below](#{})", anchor(path)) };
        writeln!(page, "| [`{path}`](#{}) | {} | {default} |", anchor(path), type_of(schema))
            .expect("text");
    }
    for field in fields {
        write_section(&mut page, field);
    }
    page
}

fn write_section(page: &mut String, Field { path, schema, is_required, example }: &Field) {
    assert!(is_valid(example), "the filter refuses the example of {path}: {example}");
    let meaning = description(schema);
    assert!(!meaning.is_empty(), "{path} has no doc comment");
    let mut facts = vec![format!("Type: {}", type_of(schema))];
    if *is_required {
        facts.push(format!("Required in `{}`", path.rsplit_once('.').map_or("", |(it, _)| it)));
    }
    facts.extend(default_of(schema).map(|default| format!("Default: {default}")));
    facts.extend(rules(schema));
    let facts: String = facts.iter().fold(String::new(), |list, fact| list + "- " + fact + "\n");
    write!(page, "\n## `{path}`\n\n{meaning}\n\n{facts}\n```json\n{}\n```\n", json_text(example))
        .expect("text");
}

/// JSON on one line if it is short.
fn json_text(value: &Value) -> String {
    let text = format!("{value:#}");
    let line = text.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    if line.len() <= MAX_LINE_WIDTH { line } else { text }
}

/// Anchor of the heading of a field, as GitHub and mdBook make it.
fn anchor(path: &str) -> String {
    path.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect()
}

/// Doc comment of a type or field, on one line.
fn description(schema: &Value) -> String {
    let text = schema["description"].as_str().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn type_of(schema: &Value) -> String {
    match schema["type"].as_str() {
        Some("array") => format!("list of {}s", type_of(&schema["items"])),
        Some("object") if schema["additionalProperties"].is_object() => {
            format!("object of {}s", type_of(&schema["additionalProperties"]))
        }
        Some(name) => name.into(),
        // Only the fields with a few named values have no type of their own.
        None => type_of(&schema["oneOf"][0]),
    }
}

fn default_of(schema: &Value) -> Option<String> {
    schema.get("default").map(|value| format!("`{value}`"))
}

/// Rules for a value, one line for each.
fn rules(schema: &Value) -> Vec<String> {
    let mut rules = Vec::new();
    for option in schema["oneOf"].as_array().into_iter().flatten() {
        rules.extend(option.get("const").map(|name| format!("`{name}`: {}", description(option))));
    }
    let range = |least: &str, most: &str| match (schema[least].as_u64(), schema[most].as_u64()) {
        (Some(least), Some(most)) => Some(format!("{least} to {most}")),
        (Some(least), None) => Some(format!("at least {least}")),
        (None, Some(most)) => Some(format!("at most {most}")),
        (None, None) => None,
    };
    let own_words = schema["errorMessage"].as_str().map(sentence);
    let states_length = own_words.as_ref().is_some_and(|text| text.contains("bytes"));
    rules.extend(range("minimum", "maximum").map(|range| format!("Allowed: {range}")));
    if !states_length {
        rules.extend(range("minLength", "maxLength").map(|it| format!("Length: {it} bytes")));
    }
    rules.extend(own_words);
    rules.extend(range("minItems", "maxItems").map(|it| format!("Number of entries: {it}")));
    let most_headers = schema["maxProperties"].as_u64();
    rules.extend(most_headers.map(|most| format!("Number of headers: at most {most}")));
    let names = &schema["propertyNames"];
    rules.extend(prefixed("Each name: ", names));
    rules.extend(forbidden(names).map(|names| format!("Not allowed: {names}")));
    rules.extend(forbidden(schema).map(|names| format!("Not allowed: {names}")));
    rules.extend(prefixed("Each value: ", &schema["additionalProperties"]));
    if !schema["items"]["properties"].is_object() {
        rules.extend(prefixed("Each entry: ", &schema["items"]));
    }
    rules
}

/// Rules of the entries, names or values of a field.
fn prefixed(prefix: &str, schema: &Value) -> Vec<String> {
    let lower = |rule: String| {
        let mut letters = rule.chars();
        let first = letters.next().map(|c| c.to_ascii_lowercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    let is_of_a_list = |rule: &String| !rule.starts_with("Not allowed");
    let rules = if schema.is_object() { rules(schema) } else { Vec::new() };
    rules.into_iter().filter(is_of_a_list).map(|rule| format!("{prefix}{}", lower(rule))).collect()
}

/// Sentence of an error message, in Markdown: it begins with a capital letter.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase().to_string());
    let escaped = |letter| match letter {
        '*' | '_' | '`' | '|' => format!("\\{letter}"),
        _ => letter.to_string(),
    };
    first.into_iter().chain(letters.map(escaped)).collect()
}

/// Names that the patterns of the keyword `not` describe, such as `^([Dd][Aa][Tt][Ee]|[Tt][Ee])$`.
fn forbidden(schema: &Value) -> Option<String> {
    let not = schema.get("not")?;
    let patterns = not["anyOf"].as_array().cloned().unwrap_or_else(|| vec![not.clone()]);
    let text = |pattern: &Value| {
        let pattern = pattern["pattern"].as_str().expect("a pattern").to_owned();
        let names = pattern.trim_start_matches("^(").trim_end_matches(")$").to_owned();
        // Of `[Dd]` the second letter stays.
        let mut letters = names.chars();
        let mut plain = String::new();
        while let Some(letter) = letters.next() {
            plain.push(if letter == '[' { letters.nth(1).expect("a letter") } else { letter });
            if letter == '[' {
                letters.next();
            }
        }
        plain.split('|').map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    Some(patterns.iter().map(text).collect::<Vec<_>>().join(", "))
}

/// Every field of the example is in the schema, so that none is left over.
#[test]
fn the_example_is_valid() {
    let example: Map<String, Value> = serde_json::from_str(EXAMPLE).expect("JSON");
    assert!(is_valid(&Value::Object(example)));
}
