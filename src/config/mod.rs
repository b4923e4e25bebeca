//! The plugin configuration as it is written: field names, types, defaults.
//!
//! What a value may be beyond its type is the business of the domain types;
//! a [`Field`] keeps the text of a value, from which its place can be told.

mod json;
mod parts;
mod place;
mod scan;
mod suggestion;

pub use json::{Field, Read, Refused};
pub use parts::{Part, Parts};

/// Seconds that clients are told to wait when the configuration does not say.
pub const DEFAULT_RETRY_AFTER_SECONDS: usize = 60;
/// The shortest `Retry-After`: clients have been seen to spin on 0.
pub const MIN_RETRY_AFTER_SECONDS: usize = 1;
/// The longest `Retry-After`: a week.
pub const MAX_RETRY_AFTER_SECONDS: usize = 604_800;
/// How many exemptions a configuration may list.
pub const MAX_EXEMPTIONS: usize = 64;
/// How many headers of its own a reply may carry.
pub const MAX_RESPONSE_HEADERS: usize = 32;

/// The whole plugin configuration.
pub struct PluginConfig<'a> {
    /// Whether maintenance is in force.
    pub enabled: bool,
    /// `Retry-After`, in seconds.
    pub retry_after_seconds: usize,
    /// `None` where the default exemption stands; each is an [`ExemptionConfig`].
    pub exemptions: Option<Parts<'a>>,
    /// The reply to a request that is not exempt.
    pub response: ResponseConfig<'a>,
}

/// One entry of `exemptions`.
pub struct ExemptionConfig<'a> {
    /// `path`: an exact path.
    pub path: Option<Field<'a>>,
    /// `pathPrefix`: a path and all below it.
    pub path_prefix: Option<Field<'a>>,
    /// `methods`; `None` means `GET` alone.
    pub methods: Option<Parts<'a>>,
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
    pub headers: Option<Parts<'a>>,
}

impl<'a> PluginConfig<'a> {
    /// Reads the whole document.
    ///
    /// # Errors
    /// An unknown or repeated field, a wrong type, a number or a list out of range.
    pub fn read(document: Field<'a>) -> Read<'a, Self> {
        let mut fields = [None; 4];
        document
            .object(&["enabled", "retryAfterSeconds", "exemptions", "response"], &mut fields)?;
        let [enabled, retry_after_seconds, exemptions, response] = fields;
        Ok(Self {
            enabled: enabled.map_or(Ok(false), Field::boolean)?,
            retry_after_seconds: retry_after_seconds
                .map_or(Ok(DEFAULT_RETRY_AFTER_SECONDS), retry_after)?,
            exemptions: exemptions.map(self::exemptions).transpose()?,
            response: response.map_or(Ok(ResponseConfig::default()), ResponseConfig::read)?,
        })
    }
}

fn retry_after(field: Field<'_>) -> Read<'_, usize> {
    match field.integer() {
        Some(seconds @ MIN_RETRY_AFTER_SECONDS..=MAX_RETRY_AFTER_SECONDS) => Ok(seconds),
        _ => Err(field.not_allowed("must be a whole number of seconds from 1 to 604800")),
    }
}

fn exemptions(field: Field<'_>) -> Read<'_, Parts<'_>> {
    let allowed = "must be a list of at most 64 exemptions";
    for exemption in field.list(0, MAX_EXEMPTIONS, allowed)? {
        ExemptionConfig::read(exemption.value)?;
    }
    Ok(Parts::of(field))
}

impl<'a> ExemptionConfig<'a> {
    /// Reads one value of the list.
    ///
    /// # Errors
    /// An unknown or repeated field, `methods` that are no list.
    pub fn read(field: Field<'a>) -> Read<'a, Self> {
        let mut fields = [None; 4];
        field.object(&["path", "pathPrefix", "methods", "action"], &mut fields)?;
        let [path, path_prefix, methods, action] = fields;
        let allowed = "must be a list of at least one HTTP method, as [\"GET\"]";
        let methods = methods.map(|field| field.list(1, usize::MAX, allowed)).transpose()?;
        Ok(Self { path, path_prefix, methods, action })
    }
}

impl<'a> ResponseConfig<'a> {
    fn read(field: Field<'a>) -> Read<'a, Self> {
        let mut fields = [None; 3];
        field.object(&["contentType", "body", "headers"], &mut fields)?;
        let [content_type, body, headers] = fields;
        let allowed = "must be an object of at most 32 headers";
        let headers = headers.map(|field| field.map(MAX_RESPONSE_HEADERS, allowed)).transpose()?;
        Ok(Self { content_type, body, headers })
    }
}
