//! Exemptions: the requests that maintenance leaves alone.
//!
//! 1. The path of a request counts up to the first `?` or `#`, byte for byte:
//!    no decoding, no case folding, no tolerance for a trailing slash.
//! 2. An exact path goes before a prefix, and a longer prefix before a shorter
//!    prefix. Of two exemptions for the same path, the first in the list goes first.
//! 3. An exemption that does not list the method of the request is skipped.
//! 4. A prefix never matches a path that an upstream may read as another one
//!    ([RFC 3986, section 6.2.2](https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2)):
//!    with a dot segment, `//`, a backslash, `;`, `%2e`, `%2f`, `%5c` or `%25`.
//!    `%25` is an encoded percent sign: `%252e` is a dot to an upstream that
//!    decodes twice.
//! 5. The prefix `/` matches every path that begins with a slash, because every
//!    reading of such a path is still below `/`.

use serde::{Deserialize, Deserializer};

use crate::error::Error;
use crate::json;
use crate::limits::{DEFAULT_EXEMPT_PATH, DEFAULT_METHOD, MAX_EXEMPTIONS, METHODS};
use crate::path::{ExactPath, PathPrefix, without_query};
use crate::token::is_token;

/// Selects who answers an exempt request.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(extend("default" = "Forward")))]
pub enum Action {
    /// The application answers.
    #[default]
    Forward,
    /// The proxy answers 200, for an application that is down.
    Respond,
}

/// Entry of `exemptions`: a path or a path prefix, with methods and an action.
#[derive(Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(extend("oneOf" = [{"required": ["path"]}, {"required": ["pathPrefix"]}])))]
#[serde(default, deny_unknown_fields, expecting = "a JSON object", rename_all = "camelCase")]
pub(crate) struct ExemptionConfig {
    /// Path without its query. An exemption has either `path` or `pathPrefix`.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "ExactPath"))]
    path: Option<ExactPath>,
    /// Beginning of the paths. It matches no path that an application may read as another
    /// one. The prefix `/` matches every path.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "PathPrefix"))]
    path_prefix: Option<PathPrefix>,
    /// Methods of the exempt requests.
    methods: Methods,
    /// Selects who answers an exempt request.
    action: Action,
}

/// The paths that an exemption matches.
#[derive(Debug, PartialEq)]
enum PathPattern {
    Exact(ExactPath),
    Prefix(PathPrefix),
}

impl PathPattern {
    fn matches(&self, path: &[u8]) -> bool {
        match self {
            Self::Exact(exact) => exact.matches(path),
            Self::Prefix(prefix) => prefix.matches(path),
        }
    }

    /// Rank of the pattern: a pattern goes before all of a lower rank.
    fn rank(&self) -> usize {
        match self {
            Self::Exact(_) => usize::MAX,
            Self::Prefix(prefix) => prefix.len(),
        }
    }
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

/// The list `exemptions`, in the order of precedence.
#[derive(Debug)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(extend("maxItems" = MAX_EXEMPTIONS, "default" = [{"path": DEFAULT_EXEMPT_PATH}])))]
pub struct Exemptions(
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Vec<ExemptionConfig>"))]
    Vec<Exemption>,
);

impl Exemptions {
    /// Returns the number of distinct paths and prefixes.
    #[must_use]
    pub fn distinct_paths(&self) -> usize {
        let patterns = || self.0.iter().map(|exemption| &exemption.pattern);
        let is_first = |(index, pattern)| !patterns().take(index).any(|other| other == pattern);
        patterns().enumerate().filter(|entry| is_first(*entry)).count()
    }

    /// Returns the action for a request; `None` if it is not exempt. `method`
    /// is called at most once, and only if an exemption matches `path`.
    pub fn find(&self, path: &[u8], method: impl FnOnce() -> Option<Vec<u8>>) -> Option<Action> {
        let path = without_query(path);
        let mut matching = self.0.iter().filter(|it| it.pattern.matches(path)).peekable();
        matching.peek()?;
        let method = method()?;
        matching.find(|it| it.methods.contain(&method)).map(|it| it.action)
    }
}

impl Default for Exemptions {
    fn default() -> Self {
        let pattern = PathPattern::Exact(ExactPath::from_static(DEFAULT_EXEMPT_PATH));
        let (methods, action) = (Methods::default(), Action::default());
        Self(vec![Exemption { pattern, methods, action }])
    }
}

impl<'de> Deserialize<'de> for Exemptions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Sorted by insertion: the sort of the standard library adds 5 KB to the module.
        let mut sorted = Vec::<Exemption>::new();
        for new in json::list::<_, Exemption>(deserializer, 0..=MAX_EXEMPTIONS, "exemptions")? {
            let rank = new.pattern.rank();
            let index = sorted.partition_point(|earlier| earlier.pattern.rank() >= rank);
            sorted.insert(index, new);
        }
        Ok(Self(sorted))
    }
}

/// Request methods, compared byte for byte.
#[derive(Debug)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(extend("minItems" = METHODS.start(), "maxItems" = METHODS.end(), "default" = [DEFAULT_METHOD])))]
struct Methods(Vec<Method>);

impl Methods {
    fn contain(&self, method: &[u8]) -> bool {
        self.0.iter().any(|Method(name)| name.as_bytes() == method)
    }
}

impl Default for Methods {
    fn default() -> Self {
        Self(vec![Method(DEFAULT_METHOD.into())])
    }
}

impl<'de> Deserialize<'de> for Methods {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        json::list(deserializer, METHODS, "HTTP methods, as [\"GET\"]").map(Self)
    }
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(extend("pattern" = "^[A-Z0-9!#$%&'*+.^_`|~-]*[A-Z][A-Z0-9!#$%&'*+.^_`|~-]*$", "errorMessage" = METHOD_RULE)))]
struct Method(String);

const METHOD_RULE: &str = "must be an HTTP method in upper case, as \"GET\"";

impl TryFrom<String> for Method {
    type Error = Error;

    /// Accepts tokens in upper case. Methods are case-sensitive
    /// ([RFC 9110, section 9.1](https://www.rfc-editor.org/rfc/rfc9110#section-9.1)):
    /// `get` would never match. A name without a letter is refused too,
    /// because `*` does not stand for every method.
    fn try_from(name: String) -> Result<Self, Error> {
        let has_upper_case = name.bytes().any(|byte| byte.is_ascii_uppercase());
        let has_lower_case = name.bytes().any(|byte| byte.is_ascii_lowercase());
        if is_token(&name) && has_upper_case && !has_lower_case {
            Ok(Self(name))
        } else {
            Err(Error::new(METHOD_RULE))
        }
    }
}
