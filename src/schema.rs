//! The JSON Schema of the plugin configuration.
//!
//! The structs of the configuration derive [`JsonSchema`]. Here are the domain
//! types, whose rules `serde` cannot see. The schema cannot say everything: it
//! does not count the bytes of a string, and does not find a header given
//! twice in different case.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::transform::transform_subschemas;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::json;

use crate::config::PluginConfig;
use crate::exemption::{
    Action, ExactPath, Exemption, ExemptionConfig, Exemptions, Methods, PathPrefix,
};
use crate::limits::{
    DEFAULT_BODY, DEFAULT_CONTENT_TYPE, DEFAULT_EXEMPT_PATH, DEFAULT_METHOD,
    DEFAULT_RETRY_AFTER_SECONDS, MAX_BODY_BYTES, MAX_EXEMPTIONS, MAX_PATH_BYTES,
    MAX_RESPONSE_HEADERS, RETRY_AFTER_SECONDS,
};
use crate::reply::{Body, ContentType, Headers, OWNED_HEADER_NAMES, RetryAfter};

/// No control characters, and no space or tab at either end.
const HEADER_VALUE: &str = "^([^\\u0000-\\u0020\\u007f]([^\\u0000-\\u0008\\u000a-\\u001f\\u007f]*[^\\u0000-\\u0020\\u007f])?)?$";
const HEADER_NAME: &str = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$";
const METHOD: &str = "^[A-Z0-9!#$%&'*+.^_`|~-]*[A-Z][A-Z0-9!#$%&'*+.^_`|~-]*$";

/// Returns the JSON Schema of the plugin configuration.
#[must_use]
pub fn plugin_configuration() -> Schema {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.transforms.push(Box::new(without_null));
    });
    settings.into_generator().into_root_schema_for::<PluginConfig>()
}

/// Takes back the `null` that `schemars` allows for each `Option`: no field of
/// the configuration takes it.
fn without_null(schema: &mut Schema) {
    if let Some(types) = schema.get_mut("type").filter(|types| types.is_array()) {
        *types = types[0].take();
    }
    transform_subschemas(&mut without_null, schema);
}

/// Implements [`JsonSchema`] for a domain type by the JSON of its schema.
macro_rules! schema_of {
    ($type:ty, $($schema:tt)+) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
                json_schema!($($schema)+)
            }
        }
    };
}

schema_of!(RetryAfter, {
    "type": "integer",
    "minimum": RETRY_AFTER_SECONDS.start(),
    "maximum": RETRY_AFTER_SECONDS.end(),
    "default": DEFAULT_RETRY_AFTER_SECONDS,
});

schema_of!(ExactPath, {
    "type": "string",
    "maxLength": MAX_PATH_BYTES,
    "pattern": "^/[ -\"$->@-~]*$",
});

schema_of!(PathPrefix, {
    "type": "string",
    "maxLength": MAX_PATH_BYTES,
    "pattern": "^/([ -\"$->@-~]*/)?$",
});

schema_of!(Methods, {
    "type": "array",
    "minItems": 1,
    "items": {"type": "string", "pattern": METHOD},
    "default": [DEFAULT_METHOD],
});

schema_of!(Action, {"enum": ["Forward", "Respond"], "default": "Forward"});

schema_of!(ContentType, {
    "type": "string",
    "minLength": 1,
    "pattern": HEADER_VALUE,
    "default": DEFAULT_CONTENT_TYPE,
});

schema_of!(Body, {"type": "string", "maxLength": MAX_BODY_BYTES, "default": DEFAULT_BODY});

schema_of!(Headers, {
    "type": "object",
    "maxProperties": MAX_RESPONSE_HEADERS,
    "propertyNames": {"pattern": HEADER_NAME, "not": {"pattern": owned_names()}},
    "additionalProperties": {"type": "string", "pattern": HEADER_VALUE},
});

impl JsonSchema for Exemption {
    fn schema_name() -> Cow<'static, str> {
        "Exemption".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = ExemptionConfig::json_schema(generator);
        let either = json!([{"required": ["path"]}, {"required": ["pathPrefix"]}]);
        schema.insert("oneOf".into(), either);
        schema
    }
}

impl JsonSchema for Exemptions {
    fn schema_name() -> Cow<'static, str> {
        "Exemptions".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "array",
            "maxItems": MAX_EXEMPTIONS,
            "items": generator.subschema_for::<Exemption>(),
            "default": [{"path": DEFAULT_EXEMPT_PATH}],
        })
    }
}

/// A pattern of the header names that a configuration may not set, in any case.
fn owned_names() -> String {
    let letter = |c: char| match c {
        'a'..='z' => format!("[{}{c}]", c.to_ascii_uppercase()),
        _ => c.to_string(),
    };
    let name = |name: &&str| name.chars().map(letter).collect::<String>();
    format!("^({})$", OWNED_HEADER_NAMES.iter().map(name).collect::<Vec<_>>().join("|"))
}
