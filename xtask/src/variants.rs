//! What is measured side by side.

use std::fs;
use std::path::{Path, PathBuf};

use harness::{plugin_wasm, repository};
use serde_json::{Value, json};

use crate::proxy::plugin;

pub const HEALTH: &str = "/load-balancer/health-check";
pub const BODY: &str = r#"{"error":"maintenance","message":"The service is down for maintenance. Please retry later."}"#;
const ON: &str = r#"{"enabled": true}"#;

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

/// The callbacks without which a module does not know the configuration of a
/// stream, and when that ends.
const CALLBACKS: &str = r#"
    (func (export "proxy_on_context_create") (param i32 i32))
    (func (export "proxy_on_delete") (param i32))"#;

/// What one variant is compared with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Group {
    /// The request passes to the application.
    Passing,
    /// The proxy answers 503.
    Rejecting,
    /// The proxy answers 503, with more to look up or to send.
    Growing,
}

pub struct Variant {
    pub label: String,
    pub group: Group,
    pub path: &'static str,
    pub status: u16,
    pub filters: Vec<Value>,
    pub response: Value,
}

fn ok() -> Value {
    json!({ "direct_response": { "status": 200, "body": { "inline_string": "ok" } } })
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

fn passing(label: &str, path: &'static str, filters: Vec<Value>) -> Variant {
    let label = label.into();
    Variant { label, group: Group::Passing, path, status: 200, filters, response: ok() }
}

fn rejecting(label: &str, filters: Vec<Value>) -> Variant {
    let label = label.into();
    let group = Group::Rejecting;
    Variant { label, group, path: "/orders", status: 503, filters, response: ok() }
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
    /// The same with callbacks that do nothing where a context comes and goes.
    pub told: PathBuf,
    /// The one that is shipped.
    pub ours: PathBuf,
}

impl Modules {
    /// Puts those that are not built yet into `folder`.
    pub fn in_folder(folder: &Path) -> Self {
        let text = fs::read_to_string(repository().join("xtask/minimal.wat")).expect("the text");
        let module = text.trim_end().strip_suffix(')').expect("a module");
        let write = |name: &str, text: String| {
            let file = folder.join(name);
            fs::write(&file, wat::parse_str(text).expect("valid text")).expect("a module written");
            file
        };
        Self {
            minimal: write("minimal.wasm", format!("{module})")),
            told: write("told.wasm", format!("{module}{CALLBACKS})")),
            ours: plugin_wasm(),
        }
    }
}

/// All variants of `modules`, and of `others` with the names that they go by.
pub fn all(modules: &Modules, others: &[(String, PathBuf)]) -> Vec<Variant> {
    let Modules { minimal, told, ours } = modules;
    let mut variants = vec![
        passing("no filter", "/orders", vec![]),
        passing("minimal module, off", "/orders", vec![plugin("minimal-off", minimal, "")]),
        passing("the same, told of contexts, off", "/orders", vec![plugin("told-off", told, "")]),
        passing("this filter, disabled", "/orders", vec![plugin("off", ours, "{}")]),
        passing("minimal module, exempt", HEALTH, vec![plugin("minimal-exempt", minimal, ON)]),
        passing("this filter, exempt", HEALTH, vec![plugin("exempt", ours, ON)]),
        Variant { response: unavailable(), ..rejecting("direct_response", vec![]) },
        rejecting("fault filter", vec![fault()]),
        rejecting("Lua filter", vec![lua()]),
        rejecting("minimal module, on", vec![plugin("minimal-on", minimal, ON)]),
        rejecting("the same, told of contexts, on", vec![plugin("told-on", told, ON)]),
        rejecting("this filter, rejecting", vec![plugin("on", ours, ON)]),
    ];
    for (name, module) in others {
        let module_off = plugin(&format!("{name}-off"), module, "{}");
        let module_on = plugin(&format!("{name}-on"), module, ON);
        variants.push(passing(&format!("{name}, disabled"), "/orders", vec![module_off]));
        variants.push(rejecting(&format!("{name}, rejecting"), vec![module_on]));
    }
    let growing = |label: String, configuration: &Value| {
        let filters = vec![plugin(&label, ours, &configuration.to_string())];
        Variant { group: Group::Growing, ..rejecting(&label, filters) }
    };
    for count in [1_u32, 4, 16, 64] {
        let exemptions: Vec<_> =
            (0..count).map(|n| json!({ "path": format!("/exempt/path-{n:02}") })).collect();
        let configuration = json!({ "enabled": true, "exemptions": exemptions });
        variants.push(growing(format!("{count} exemptions"), &configuration));
    }
    for kib in [0_usize, 1, 4, 16, 64] {
        let body = "x".repeat(kib * 1024);
        let configuration = json!({ "enabled": true, "response": { "body": body } });
        variants.push(growing(format!("body of {kib} KiB"), &configuration));
    }
    variants
}
