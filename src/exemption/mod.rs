//! Exemptions: the requests that maintenance leaves alone.
//!
//! 1. The path of a request counts up to the first `?` or `#`, byte for byte:
//!    no decoding, no case folding, no tolerance for a trailing slash.
//! 2. An exact path goes before a prefix, a longer prefix before a shorter
//!    one, and of two exemptions for the same path the one listed first.
//! 3. An exemption that does not list the method of the request is skipped.
//! 4. A prefix never matches a path that an upstream may read as another one
//!    ([RFC 3986, section 6.2.2](https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2)):
//!    with a dot segment, `//`, a backslash, `;`, `%2e`, `%2f`, `%5c` or `%25`.
//!    `%25` is an encoded percent sign: `%252e` is a dot to an upstream that
//!    decodes twice.
//! 5. The prefix `/` matches every path that begins with a slash, because every
//!    reading of such a path is still below `/`.

mod lookup;
mod methods;

use serde::{Deserialize, Deserializer};

use crate::error::Error;
use crate::json;
use crate::limits::{DEFAULT_EXEMPT_PATH, MAX_EXEMPTIONS};
use crate::path::{ExactPath, PathPrefix};

pub use lookup::ExemptionIndex;
pub use methods::Methods;

/// Who answers an exempt request.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(extend("default" = "Forward")))]
pub enum Action {
    /// The application.
    #[default]
    Forward,
    /// The proxy, with 200: for an application that is down.
    Respond,
}

/// An entry of `exemptions`, before it is known to name one path or one prefix.
#[derive(Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(extend("oneOf" = [{"required": ["path"]}, {"required": ["pathPrefix"]}])))]
#[serde(default, deny_unknown_fields, expecting = "a JSON object", rename_all = "camelCase")]
pub(crate) struct ExemptionConfig {
    /// This path alone, without its query. Give either `path` or `pathPrefix`.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "ExactPath"))]
    path: Option<ExactPath>,
    /// Every path that begins with this one.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "PathPrefix"))]
    path_prefix: Option<PathPrefix>,
    /// Methods of the requests that are exempt.
    methods: Methods,
    /// `Forward`: the request goes on to the application. `Respond`: the proxy answers 200.
    action: Action,
}

/// The paths that an exemption matches.
#[derive(Debug)]
pub enum PathPattern {
    /// One path.
    Exact(ExactPath),
    /// Every path that begins with a prefix.
    Prefix(PathPrefix),
}

/// A valid entry of `exemptions`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "ExemptionConfig")]
pub struct Exemption {
    pattern: PathPattern,
    methods: Methods,
    action: Action,
}

impl TryFrom<ExemptionConfig> for Exemption {
    type Error = Error;

    fn try_from(config: ExemptionConfig) -> Result<Self, Error> {
        let pattern = match (config.path, config.path_prefix) {
            (Some(path), None) => PathPattern::Exact(path),
            (None, Some(prefix)) => PathPattern::Prefix(prefix),
            _ => return Err(Error::new("must have exactly one of path and pathPrefix")),
        };
        Ok(Self { pattern, methods: config.methods, action: config.action })
    }
}

/// The list `exemptions`, in the order given.
#[derive(Debug)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(extend("maxItems" = MAX_EXEMPTIONS, "default" = [{"path": DEFAULT_EXEMPT_PATH}])))]
pub struct Exemptions(
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Vec<ExemptionConfig>"))]
    Vec<Exemption>,
);

impl Default for Exemptions {
    fn default() -> Self {
        let pattern = PathPattern::Exact(ExactPath::from_static(DEFAULT_EXEMPT_PATH));
        let (methods, action) = (Methods::default(), Action::default());
        Self(vec![Exemption { pattern, methods, action }])
    }
}

impl<'de> Deserialize<'de> for Exemptions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let description = format_args!("a list of at most {MAX_EXEMPTIONS} exemptions");
        json::list(deserializer, 0..=MAX_EXEMPTIONS, description).map(Self)
    }
}
