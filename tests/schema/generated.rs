//! The JSON Schema of the plugin configuration, from the constants of the
//! sources. What it cannot say, such as a length in bytes, the table knows.

use maintenance_filter::config::{
    DEFAULT_RETRY_AFTER_SECONDS, MAX_EXEMPTIONS, MAX_RESPONSE_HEADERS, MAX_RETRY_AFTER_SECONDS,
    MIN_RETRY_AFTER_SECONDS,
};
use maintenance_filter::exemption::MAX_PATH_BYTES;
use maintenance_filter::policy::DEFAULT_EXEMPT_PATH;
use maintenance_filter::reply::{
    DEFAULT_BODY, DEFAULT_CONTENT_TYPE, MAX_BODY_BYTES, OWNED_HEADER_NAMES,
};
use serde_json::{Value, json};

/// Neither control characters nor a space at either end.
const HEADER_VALUE: &str = "^([^\\u0000-\\u0020\\u007f]([^\\u0000-\\u0008\\u000a-\\u001f\\u007f]*[^\\u0000-\\u0020\\u007f])?)?$";
const HEADER_NAME: &str = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$";
const METHOD: &str = "^[A-Z0-9!#$%&'*+.^_`|~-]*[A-Z][A-Z0-9!#$%&'*+.^_`|~-]*$";

/// The whole schema.
pub fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Plugin configuration of the maintenance filter",
        "description": "pluginConfig of a WasmPlugin, wasm.pluginConfig of a TrafficExtension",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "enabled": {
                "description": "Whether maintenance is in force.",
                "type": "boolean",
                "default": false,
            },
            "retryAfterSeconds": {
                "description": "Seconds that clients are told to wait.",
                "type": "integer",
                "minimum": MIN_RETRY_AFTER_SECONDS,
                "maximum": MAX_RETRY_AFTER_SECONDS,
                "default": DEFAULT_RETRY_AFTER_SECONDS,
            },
            "exemptions": {
                "description": "Requests that maintenance leaves alone. Replaces the default; [] exempts nothing.",
                "type": "array",
                "maxItems": MAX_EXEMPTIONS,
                "default": [{"path": DEFAULT_EXEMPT_PATH}],
                "items": exemption(),
            },
            "response": response(),
        },
    })
}

fn exemption() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "oneOf": [{"required": ["path"]}, {"required": ["pathPrefix"]}],
        "properties": {
            "path": {
                "description": "This path alone, without its query.",
                "type": "string",
                "maxLength": MAX_PATH_BYTES,
                "pattern": "^/[ -\"$->@-~]*$",
            },
            "pathPrefix": {
                "description": "Every path that begins with this one.",
                "type": "string",
                "maxLength": MAX_PATH_BYTES,
                "pattern": "^/([ -\"$->@-~]*/)?$",
            },
            "methods": {
                "type": "array",
                "minItems": 1,
                "default": ["GET"],
                "items": {"type": "string", "pattern": METHOD},
            },
            "action": {
                "description": "Forward: on to the application. Respond: the proxy answers 200.",
                "enum": ["Forward", "Respond"],
                "default": "Forward",
            },
        },
    })
}

fn response() -> Value {
    json!({
        "description": "The answer to all other requests. Its status is always 503.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "contentType": {
                "type": "string",
                "minLength": 1,
                "pattern": HEADER_VALUE,
                "default": DEFAULT_CONTENT_TYPE,
            },
            "body": {
                "type": "string",
                "maxLength": MAX_BODY_BYTES,
                "default": DEFAULT_BODY,
            },
            "headers": {
                "type": "object",
                "maxProperties": MAX_RESPONSE_HEADERS,
                "propertyNames": {"pattern": HEADER_NAME, "not": {"pattern": owned_names()}},
                "additionalProperties": {"type": "string", "pattern": HEADER_VALUE},
            },
        },
    })
}

/// The names of headers that may not be set, in any case.
fn owned_names() -> String {
    let letter = |c: char| match c {
        'a'..='z' => format!("[{}{c}]", c.to_ascii_uppercase()),
        _ => c.to_string(),
    };
    let name = |name: &&str| name.chars().map(letter).collect::<String>();
    format!("^({})$", OWNED_HEADER_NAMES.iter().map(name).collect::<Vec<_>>().join("|"))
}
