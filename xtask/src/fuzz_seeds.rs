//! The first inputs of each fuzz target, made from the configurations in
//! `tests/configurations.json`. The targets in `fuzz/` document their formats.

use std::fs;
use std::path::Path;

use serde_json::Value;

const TABLE: &str = include_str!("../../tests/configurations.json");

/// Writes the inputs of each target into a folder of its name in `folder`.
pub fn write_all(folder: &Path) {
    let rows: Vec<Value> = serde_json::from_str(TABLE).expect("the table");
    for (number, row) in rows.iter().enumerate() {
        let text = row["config"].as_str().expect("a configuration");
        let save = |target: &str, input: &str| write(&folder.join(target), number, input);
        save("configuration", text);
        let Ok(config) = serde_json::from_str::<Value>(text) else { continue };
        for bound in ["start", "end"] {
            if let Some(time) = config["window"][bound].as_str() {
                save("times", time);
            }
        }
        if let Some(hosts) = config["scope"]["hosts"].as_array() {
            let hosts: Vec<&str> = hosts.iter().filter_map(Value::as_str).collect();
            save("hosts", &format!("{}:80\n{}", hosts.first().unwrap_or(&""), hosts.join("\n")));
        }
        if let Some(header) = config["bypass"]["header"].as_str() {
            save("bypass", &format!("test\n{header}\ntest\nother"));
        }
        if let Some(exemptions) = config["exemptions"].as_array() {
            let lines: Vec<String> = exemptions.iter().filter_map(exemption).collect();
            let path = lines.first().and_then(|line| line.rsplit(' ').next()).unwrap_or("/");
            save("matching", &format!("GET {path}\n{}", lines.join("\n")));
        }
    }
}

/// Writes an input, unless it is too long to be changed well.
fn write(folder: &Path, number: usize, input: &str) {
    if input.len() <= 4096 {
        fs::create_dir_all(folder).expect("the folder");
        fs::write(folder.join(number.to_string()), input).expect("the input written");
    }
}

/// Line of an exemption, as the target `matching` reads it.
fn exemption(value: &Value) -> Option<String> {
    let path = value["path"].as_str().map(String::from);
    let prefix = value["pathPrefix"].as_str().map(|prefix| format!("{prefix}*"));
    let methods: Vec<&str> = value["methods"]
        .as_array()
        .map_or(vec!["GET"], |m| m.iter().filter_map(Value::as_str).collect());
    let action = value["action"].as_str().unwrap_or("Forward");
    Some(format!("{} {action} {}", methods.join(","), path.or(prefix)?))
}
