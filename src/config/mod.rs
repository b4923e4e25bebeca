//! The plugin configuration as it is written: field names, types, defaults.
//!
//! What a value may be beyond its type is the business of the domain types;
//! a [`Field`] keeps the place and the text of a value for their messages.

mod json;
mod parts;
mod scan;
mod suggestion;

pub use json::{Field, Object};

use crate::error::Error;

/// Seconds that clients are told to wait when the configuration does not say.
pub const DEFAULT_RETRY_AFTER_SECONDS: u32 = 60;
/// The shortest `Retry-After`: clients have been seen to spin on 0.
pub const MIN_RETRY_AFTER_SECONDS: u32 = 1;
/// The longest `Retry-After`: a week.
pub const MAX_RETRY_AFTER_SECONDS: u32 = 604_800;
/// How many exemptions a configuration may list.
pub const MAX_EXEMPTIONS: usize = 64;
/// How many headers of its own a reply may carry.
pub const MAX_RESPONSE_HEADERS: usize = 32;

/// The whole plugin configuration.
pub struct PluginConfig<'a> {
    /// Whether maintenance is in force.
    pub enabled: bool,
    /// `Retry-After`, in seconds.
    pub retry_after_seconds: u32,
    /// `None` where the default exemption stands.
    pub exemptions: Option<Vec<ExemptionConfig<'a>>>,
    /// The reply to a request that is not exempt.
    pub response: ResponseConfig<'a>,
}

/// One entry of `exemptions`.
pub struct ExemptionConfig<'a> {
    /// The place of the whole entry, for rules that span its fields.
    pub field: Field<'a>,
    /// `path`: an exact path.
    pub path: Option<Field<'a>>,
    /// `pathPrefix`: a path and all below it.
    pub path_prefix: Option<Field<'a>>,
    /// `methods`; `None` means `GET` alone.
    pub methods: Option<Vec<Field<'a>>>,
    /// `action`; `None` means `Forward`.
    pub action: Option<Field<'a>>,
}

/// The object `response`.
#[derive(Default)]
pub struct ResponseConfig<'a> {
    /// `contentType`.
    pub content_type: Option<Field<'a>>,
    /// `body`.
    pub body: Option<Field<'a>>,
    /// `headers`, in the order given.
    pub headers: Vec<(String, Field<'a>)>,
}

impl<'a> PluginConfig<'a> {
    /// Reads the bytes that the proxy hands to the plugin; none mean `{}`.
    ///
    /// # Errors
    /// Text that is not JSON, an unknown or repeated field, a wrong type, a
    /// number or a list out of range.
    pub fn from_json(bytes: &'a [u8]) -> Result<Self, Error> {
        let bytes = if bytes.is_empty() { b"{}" } else { bytes };
        let root = Field::document(bytes)?;
        let fields = ["enabled", "retryAfterSeconds", "exemptions", "response"];
        let mut object = root.object(&fields)?;
        Ok(Self {
            enabled: object.take("enabled").map_or(Ok(false), |f| f.boolean())?,
            retry_after_seconds: retry_after(object.take("retryAfterSeconds").as_ref())?,
            exemptions: exemptions(object.take("exemptions").as_ref())?,
            response: response(object.take("response").as_ref())?,
        })
    }
}

fn retry_after(field: Option<&Field>) -> Result<u32, Error> {
    let Some(field) = field else {
        return Ok(DEFAULT_RETRY_AFTER_SECONDS);
    };
    field
        .integer()
        .filter(|s| (MIN_RETRY_AFTER_SECONDS..=MAX_RETRY_AFTER_SECONDS).contains(s))
        .ok_or_else(|| field.not_allowed("must be a whole number of seconds from 1 to 604800"))
}

fn exemptions<'a>(field: Option<&Field<'a>>) -> Result<Option<Vec<ExemptionConfig<'a>>>, Error> {
    let Some(field) = field else { return Ok(None) };
    let list = field.list(..=MAX_EXEMPTIONS, "must be a list of at most 64 exemptions")?;
    list.into_iter().map(exemption).collect::<Result<_, _>>().map(Some)
}

fn exemption(field: Field<'_>) -> Result<ExemptionConfig<'_>, Error> {
    let mut object = field.object(&["path", "pathPrefix", "methods", "action"])?;
    Ok(ExemptionConfig {
        path: object.take("path"),
        path_prefix: object.take("pathPrefix"),
        methods: object.take("methods").as_ref().map(methods).transpose()?,
        action: object.take("action"),
        field,
    })
}

fn methods<'a>(field: &Field<'a>) -> Result<Vec<Field<'a>>, Error> {
    field.list(1.., "must be a list of at least one HTTP method, as [\"GET\"]")
}

fn response<'a>(field: Option<&Field<'a>>) -> Result<ResponseConfig<'a>, Error> {
    let Some(field) = field else {
        return Ok(ResponseConfig::default());
    };
    let mut object = field.object(&["contentType", "body", "headers"])?;
    Ok(ResponseConfig {
        content_type: object.take("contentType"),
        body: object.take("body"),
        headers: headers(object.take("headers").as_ref())?,
    })
}

fn headers<'a>(field: Option<&Field<'a>>) -> Result<Vec<(String, Field<'a>)>, Error> {
    let Some(field) = field else { return Ok(Vec::new()) };
    field.map(MAX_RESPONSE_HEADERS, "must be an object of at most 32 headers")
}
