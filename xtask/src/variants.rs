//! The filters and settings that are measured side by side.

mod alternatives;
mod fields;
mod modules;

use std::path::PathBuf;

use serde_json::{Value, json};

use self::alternatives::{fault, lua, unavailable};
pub use self::modules::Modules;
use crate::envoy_config::{ok, plugin};

/// The path that is exempt by default.
pub const HEALTH: &str = "/load-balancer/health-check";
/// The default body of a 503.
pub const BODY: &str = r#"{"error":"maintenance","message":"The service is down for maintenance. Please retry later."}"#;
const ON: &str = r#"{"enabled": true}"#;

const NO_FILTER: &str = "no filter";
const DIRECT_RESPONSE: &str = "direct_response";
const FAULT_FILTER: &str = "fault filter";
const MINIMAL_OFF: &str = "minimal module, off";
const MINIMAL_EXEMPT: &str = "minimal module, exempt";
const MINIMAL_ON: &str = "minimal module, on";
const DISABLED: &str = "this filter, disabled";
const EXEMPT: &str = "this filter, exempt";
const REJECTING: &str = "this filter, rejecting";

/// Treatment of the requests of a variant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Group {
    /// They pass to the application.
    Passing,
    /// Envoy answers 503.
    Rejecting,
    /// Envoy answers 503, with more exemptions to search or a longer body to send.
    Growing,
    /// An optional field is set. The label names the variant without the field.
    Field(&'static str),
}

/// A filter chain to measure, and the request to measure it with.
pub struct Variant {
    pub label: String,
    pub group: Group,
    /// Path of the request.
    pub path: &'static str,
    /// Headers of the request, each as `name: value`.
    pub headers: Vec<&'static str>,
    /// Expected status code.
    pub status: u16,
    pub filters: Vec<Value>,
    /// Answer of the route behind the filters.
    pub response: Value,
}

impl Variant {
    fn passing(label: &str, path: &'static str, filters: Vec<Value>) -> Self {
        let label = label.into();
        let (group, headers) = (Group::Passing, vec![]);
        Self { label, group, path, headers, status: 200, filters, response: ok() }
    }

    fn rejecting(label: &str, filters: Vec<Value>) -> Self {
        let label = label.into();
        let (group, headers) = (Group::Rejecting, vec![]);
        Self { label, group, path: "/orders", headers, status: 503, filters, response: ok() }
    }

    /// Label of the variant that this one is compared with: without a filter, or
    /// without the field.
    pub fn baseline(&self) -> &'static str {
        match self.group {
            Group::Field(label) => label,
            Group::Passing => NO_FILTER,
            Group::Rejecting | Group::Growing => DIRECT_RESPONSE,
        }
    }

    /// Label of the variant in which the minimal module treats requests likewise.
    pub fn minimal(&self) -> &'static str {
        match (self.group, self.path) {
            (Group::Passing, HEALTH) => MINIMAL_EXEMPT,
            (Group::Passing, _) => MINIMAL_OFF,
            _ => MINIMAL_ON,
        }
    }

    /// Returns whether the variant answers with the default headers and body.
    pub fn has_default_reply(&self) -> bool {
        self.group == Group::Rejecting && self.label != FAULT_FILTER
    }

    pub fn is_this_filter(&self) -> bool {
        self.label.starts_with("this filter")
    }
}

/// All variants of `modules`, and of further modules with their labels.
pub fn all(modules: &Modules, further: &[(String, PathBuf)]) -> Vec<Variant> {
    let Modules { minimal, minimal_with_contexts: contexts, shipped } = modules;
    let passing = |label: &str, path, module, configuration| {
        Variant::passing(label, path, vec![plugin(label, module, configuration)])
    };
    let rejecting =
        |label: &str, module| Variant::rejecting(label, vec![plugin(label, module, ON)]);
    let mut variants = vec![
        Variant::passing(NO_FILTER, "/orders", vec![]),
        // An empty configuration switches the minimal module off.
        passing(MINIMAL_OFF, "/orders", minimal, ""),
        passing("minimal module with context callbacks, off", "/orders", contexts, ""),
        passing(DISABLED, "/orders", shipped, "{}"),
        passing(MINIMAL_EXEMPT, HEALTH, minimal, ON),
        passing(EXEMPT, HEALTH, shipped, ON),
        Variant { response: unavailable(), ..Variant::rejecting(DIRECT_RESPONSE, vec![]) },
        Variant::rejecting(FAULT_FILTER, vec![fault()]),
        Variant::rejecting("Lua filter", vec![lua()]),
        rejecting(MINIMAL_ON, minimal),
        rejecting("minimal module with context callbacks, on", contexts),
        rejecting(REJECTING, shipped),
    ];
    for (name, module) in further {
        variants.push(passing(&format!("{name}, disabled"), "/orders", module, "{}"));
        variants.push(rejecting(&format!("{name}, rejecting"), module));
    }
    let growing = |label: String, configuration: &Value| {
        let filters = vec![plugin(&label, shipped, &configuration.to_string())];
        Variant { group: Group::Growing, ..Variant::rejecting(&label, filters) }
    };
    for count in [1_u32, 4, 16, 64] {
        let exemptions: Vec<_> =
            (0..count).map(|n| json!({ "path": format!("/exempt/path-{n:02}") })).collect();
        let configuration = json!({ "enabled": true, "exemptions": exemptions });
        let plural = if count == 1 { "" } else { "s" };
        variants.push(growing(format!("{count} exemption{plural}"), &configuration));
    }
    for kib in [0_usize, 1, 4, 16, 64] {
        let body = "x".repeat(kib * 1024);
        let configuration = json!({ "enabled": true, "response": { "body": body } });
        variants.push(growing(format!("body of {kib} KiB"), &configuration));
    }
    variants.extend(fields::all(shipped));
    variants
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_variant_is_compared_with_existing_variants_of_its_group() {
        let file = PathBuf::from("module.wasm");
        let modules = Modules {
            minimal: file.clone(),
            minimal_with_contexts: file.clone(),
            shipped: file.clone(),
        };
        let variants = all(&modules, &[("other".into(), file)]);
        let labeled = |label: &str| {
            let mut found = variants.iter().filter(|variant| variant.label == label);
            let variant = found.next().unwrap_or_else(|| panic!("no variant {label}"));
            assert!(found.next().is_none(), "two variants {label}");
            variant
        };
        for variant in &variants {
            labeled(&variant.label);
            let baseline = labeled(variant.baseline());
            if !matches!(variant.group, Group::Field(_)) {
                assert_eq!(baseline.status, variant.status, "{}", variant.label);
                assert_eq!(labeled(variant.minimal()).status, variant.status, "{}", variant.label);
            }
        }
    }
}
