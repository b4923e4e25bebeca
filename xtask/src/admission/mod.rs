//! `make schema`: writes `istio/admission/policy.yaml`, which refuses at `kubectl
//! apply` what the filter would refuse.
//!
//! The rules about one value come from `istio/plugin-config.schema.json`. All others
//! are in `template.yaml`.

mod cel;
mod chain;
mod rules;
mod schema;
mod variables;

use std::fs;
use std::path::PathBuf;

const TEMPLATE: &str = include_str!("template.yaml");
/// Line of the template that the variables for the fields take the place of.
const PLACEHOLDER: &str = "{{variables}}\n";

/// Writes the policy.
pub fn write() {
    fs::write(file("admission/policy.yaml"), policy()).expect("the policy written");
}

fn policy() -> String {
    let schema = fs::read_to_string(file("plugin-config.schema.json")).expect("the schema");
    let schema = serde_json::from_str(&schema).expect("a schema with known keywords");
    TEMPLATE.replace(PLACEHOLDER, &variables::of(&schema))
}

fn file(name: &str) -> PathBuf {
    harness::repository().join("istio").join(name)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{PLACEHOLDER, TEMPLATE, file, policy};

    #[test]
    fn the_policy_is_current() {
        let shipped = fs::read_to_string(file("admission/policy.yaml")).unwrap_or_default();
        assert!(
            shipped == policy(),
            "istio/admission/policy.yaml is not current: run `make schema`"
        );
    }

    #[test]
    fn the_template_has_a_place_for_the_variables() {
        assert_eq!(TEMPLATE.matches(PLACEHOLDER).count(), 1);
    }
}
