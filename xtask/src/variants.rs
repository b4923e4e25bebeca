//! The filters and settings that are measured side by side.

use std::fs;
use std::path::{Path, PathBuf};

use harness::{plugin_wasm, repository};
use serde_json::{Value, json};

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

const LUA: &str = r#"
function envoy_on_request(handle)
  local headers = handle:headers()
  local path = headers:get(":path")
  if path and path:match("^[^?#]*") == "HEALTH" and headers:get(":method") == "GET" then
    return
  end
  handle:respond({
    [":status"] = "503",
    ["retry-after"] = "60",
    ["content-type"] = "application/json",
    ["cache-control"] = "no-store",
  }, [[BODY]])
end
"#;

/// Callbacks that a filter needs to know which configuration a stream belongs
/// to, and when the configuration is no longer used. They do nothing here.
const CONTEXT_CALLBACKS: &str = r#"
    (func (export "proxy_on_context_create") (param i32 i32))
    (func (export "proxy_on_delete") (param i32))"#;

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

fn unavailable() -> Value {
    let headers = [
        ("retry-after", "60"),
        ("content-type", "application/json"),
        ("cache-control", "no-store"),
    ];
    let headers = headers.map(|(key, value)| {
        json!({ "header": { "key": key, "value": value },
                "append_action": "OVERWRITE_IF_EXISTS_OR_ADD" })
    });
    json!({ "direct_response": { "status": 503, "body": { "inline_string": BODY } },
            "response_headers_to_add": headers })
}

fn lua() -> Value {
    json!({ "name": "lua", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
        "default_source_code": { "inline_string": LUA.replace("HEALTH", HEALTH).replace("BODY", BODY) },
    } })
}

fn fault() -> Value {
    json!({ "name": "fault", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault",
        "abort": { "http_status": 503, "percentage": { "numerator": 100 } },
    } })
}

/// The modules that are always measured.
pub struct Modules {
    /// `minimal.wat`.
    pub minimal: PathBuf,
    /// `minimal.wat` with [`CONTEXT_CALLBACKS`].
    pub minimal_with_contexts: PathBuf,
    /// The module that is shipped.
    pub shipped: PathBuf,
}

impl Modules {
    /// Assembles the two minimal modules into `folder`.
    pub fn assemble(folder: &Path) -> Self {
        let text = fs::read_to_string(repository().join("xtask/minimal.wat")).expect("minimal.wat");
        let open_module = text.trim_end().strip_suffix(')').expect("a module");
        let assemble = |name: &str, text: String| {
            let file = folder.join(name);
            fs::write(&file, wat::parse_str(text).expect("valid text")).expect("a module written");
            file
        };
        Self {
            minimal: assemble("minimal.wasm", format!("{open_module})")),
            minimal_with_contexts: assemble(
                "minimal-with-contexts.wasm",
                format!("{open_module}{CONTEXT_CALLBACKS})"),
            ),
            shipped: plugin_wasm(),
        }
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
    variants.extend(fields(shipped));
    variants
}

/// SHA-256 digest of the token `test`.
const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// The shipped module with each optional field alone, and with all together.
fn fields(shipped: &Path) -> Vec<Variant> {
    let scheduled = json!({"window": {"start": "9999-01-01T00:00:00Z"}});
    let in_force = json!({"window": {"end": "9999-01-01T00:00:00Z"}});
    let over = json!({"window": {"end": "2000-01-01T00:00:00Z"}});
    let jitter = json!({"retryAfterJitterSeconds": 30});
    let hosts = json!({"scope": {"hosts": ["*.example.com", "127.0.0.1"]}});
    let prefixes = json!({"scope": {"pathPrefixes": ["/shop/", "/"]}});
    let bypass = json!({"bypass": {"header": "x-token", "sha256": [DIGEST]}});
    let html = json!({"response": {"html": BODY}});
    let origins = json!({"response": {"corsOrigins": ["https://app.example.com"]}});
    let pushback = json!({"response": {"grpcRetryPushback": "RetryAfter"}});
    let all = json!({
        "window": in_force["window"], "retryAfterJitterSeconds": 30,
        "scope": {"hosts": hosts["scope"]["hosts"], "pathPrefixes": ["/shop/", "/"]},
        "bypass": bypass["bypass"],
        "response": {"html": BODY, "corsOrigins": ["https://app.example.com"],
            "grpcRetryPushback": "RetryAfter"},
    });
    let browser = "accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let origin = "origin: https://app.example.com";
    let rows: [(&str, &Value, &[&str], u16, &str); 18] = [
        ("window, before its start", &scheduled, &[], 200, DISABLED),
        ("window, in force", &in_force, &[], 503, REJECTING),
        ("window, after its end", &over, &[], 200, DISABLED),
        ("jitter", &jitter, &[], 503, REJECTING),
        ("dry run", &json!({"dryRun": true}), &[], 200, EXEMPT),
        ("scope by host", &hosts, &[], 503, REJECTING),
        ("scope by path prefix", &prefixes, &[], 503, REJECTING),
        ("bypass, without a token", &bypass, &[], 503, REJECTING),
        ("bypass, with a wrong token", &bypass, &["x-token: tesT"], 503, REJECTING),
        ("bypass, with a token", &bypass, &["x-token: test"], 200, EXEMPT),
        ("page, other client", &html, &["accept: */*"], 503, REJECTING),
        ("page, browser", &html, &[browser], 503, REJECTING),
        ("origins, without an origin", &origins, &[], 503, REJECTING),
        ("origins, with an origin", &origins, &[origin], 503, REJECTING),
        ("gRPC pushback, not gRPC", &pushback, &[], 503, REJECTING),
        ("gRPC pushback, gRPC", &pushback, &["content-type: application/grpc"], 200, REJECTING),
        ("all fields, other client", &all, &["accept: */*"], 503, REJECTING),
        ("all fields, browser with an origin", &all, &[browser, origin], 503, REJECTING),
    ];
    let variant = |(label, fields, headers, status, without): (&str, &Value, &[_], _, _)| {
        let mut configuration = fields.clone();
        configuration["enabled"] = true.into();
        let filters = vec![plugin(label, shipped, &configuration.to_string())];
        let group = Group::Field(without);
        Variant { group, status, headers: headers.to_vec(), ..Variant::rejecting(label, filters) }
    };
    rows.map(variant).into()
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
