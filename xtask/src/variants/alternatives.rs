//! Features of Envoy that answer 503 without this filter.

use serde_json::{Value, json};

use super::{BODY, HEALTH};

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

/// Route that Envoy answers with 503 without a filter.
pub fn unavailable() -> Value {
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

/// Lua filter that answers with 503.
pub fn lua() -> Value {
    json!({ "name": "lua", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
        "default_source_code": { "inline_string": LUA.replace("HEALTH", HEALTH).replace("BODY", BODY) },
    } })
}

/// Fault filter that answers with 503.
pub fn fault() -> Value {
    json!({ "name": "fault", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault",
        "abort": { "http_status": 503, "percentage": { "numerator": 100 } },
    } })
}
