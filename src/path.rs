//! Paths in a configuration, and the comparison of a request's path with them.

use serde::Deserialize;

use crate::error::Error;
use crate::limits::MAX_PATH_BYTES;

/// A path without query and fragment.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(try_from = "String")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(extend("maxLength" = MAX_PATH_BYTES, "pattern" = "^/[ -\"$->@-~]*$", "errorMessage" = path_error("begin").to_string())))]
pub struct ExactPath(String);

impl ExactPath {
    /// The constant `path`, which must be valid.
    pub(crate) fn from_static(path: &'static str) -> Self {
        Self(path.into())
    }

    /// Compares from the end, because paths often begin alike: with 64 exemptions,
    /// a rejected request takes less than half of the instructions.
    pub(crate) fn matches(&self, path: &[u8]) -> bool {
        self.0.len() == path.len() && self.0.bytes().rev().eq(path.iter().rev().copied())
    }
}

impl TryFrom<String> for ExactPath {
    type Error = Error;

    fn try_from(path: String) -> Result<Self, Error> {
        if is_path(&path) { Ok(Self(path)) } else { Err(path_error("begin")) }
    }
}

/// A path that ends with `/`.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(try_from = "String")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(extend("maxLength" = MAX_PATH_BYTES, "pattern" = "^/([ -\"$->@-~]*/)?$", "errorMessage" = path_error("begin and end").to_string())))]
pub struct PathPrefix(String);

impl PathPrefix {
    /// Returns whether `path` is below this prefix, however an upstream reads it.
    pub(crate) fn matches(&self, path: &[u8]) -> bool {
        path.starts_with(self.0.as_bytes()) && (self.0 == "/" || !is_ambiguous(path))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl TryFrom<String> for PathPrefix {
    type Error = Error;

    fn try_from(prefix: String) -> Result<Self, Error> {
        if is_path(&prefix) && prefix.ends_with('/') {
            Ok(Self(prefix))
        } else {
            Err(path_error("begin and end"))
        }
    }
}

/// Returns whether `path` is allowed in a configuration.
fn is_path(path: &str) -> bool {
    path.starts_with('/')
        && path.len() <= MAX_PATH_BYTES
        && path.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'?' | b'#'))
}

fn path_error(begin_or_end: &str) -> Error {
    Error::new(format!(
        "must {begin_or_end} with \"/\" and be at most {MAX_PATH_BYTES} bytes of ASCII \
         without \"?\", \"#\" or control characters"
    ))
}

/// Returns the path of a request up to its query or fragment.
pub(crate) fn without_query(path: &[u8]) -> &[u8] {
    path.split(|byte| matches!(byte, b'?' | b'#')).next().unwrap_or(path)
}

/// Returns whether an upstream may read `path` as another path
/// ([RFC 3986, section 6.2.2](https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2)).
pub(crate) fn is_ambiguous(mut path: &[u8]) -> bool {
    loop {
        match path {
            [] => return false,
            [b'\\' | b';', ..]
            | [b'/', b'/', ..]
            | [b'/', b'.']
            | [b'/', b'.', b'/', ..]
            | [b'/', b'.', b'.']
            | [b'/', b'.', b'.', b'/', ..]
            | [b'%', b'2', b'5' | b'e' | b'E' | b'f' | b'F', ..]
            | [b'%', b'5', b'c' | b'C', ..] => return true,
            [_, rest @ ..] => path = rest,
        }
    }
}
