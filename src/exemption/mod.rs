//! Which requests maintenance leaves alone.
//!
//! 1. A request's path counts up to the first `?` or `#`, byte for byte: no
//!    decoding, no case folding, no trailing-slash kindness.
//! 2. An exact path goes before a prefix, a longer prefix before a shorter
//!    one, and of two exemptions for the same path the one listed first.
//! 3. An exemption whose methods do not name the request's is passed over.
//! 4. A prefix never matches a path that an upstream may read as another one
//!    ([RFC 3986, section 6.2.2](https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2)):
//!    with a dot segment, `//`, a backslash, `;`, `%2e`, `%2f` or `%5c`.

mod lookup;

use alloc::string::String;
use alloc::vec::Vec;

use crate::error::Allowed;
use crate::text::all;
use crate::token::is_token;

pub use lookup::Exemptions;

/// The longest path or prefix of an exemption, in bytes.
pub const MAX_PATH_BYTES: usize = 1024;

/// What becomes of an exempt request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// It goes on to the application.
    Forward,
    /// The proxy itself answers 200, for an application that is down.
    Respond,
}

impl TryFrom<&str> for Action {
    type Error = Allowed;

    fn try_from(name: &str) -> Result<Self, Allowed> {
        match name {
            "Forward" => Ok(Self::Forward),
            "Respond" => Ok(Self::Respond),
            _ => Err(Allowed("must be \"Forward\" or \"Respond\"")),
        }
    }
}

/// The paths of one exemption.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PathPattern {
    /// This path alone.
    Exact(Vec<u8>),
    /// Every path that begins with these bytes, the last of which is `/`.
    Prefix(Vec<u8>),
}

impl PathPattern {
    /// # Errors
    /// `path` is not one a request's path can equal, or too long.
    pub fn exact(path: String) -> Result<Self, Allowed> {
        if is_path(&path) {
            Ok(Self::Exact(path.into_bytes()))
        } else {
            Err(Allowed(
                "must begin with \"/\" and be at most 1024 bytes of ASCII without \"?\", \"#\" or control characters",
            ))
        }
    }

    /// # Errors
    /// As [`PathPattern::exact`], or `prefix` does not end with `/`.
    pub fn prefix(prefix: String) -> Result<Self, Allowed> {
        if is_path(&prefix) && prefix.ends_with('/') {
            Ok(Self::Prefix(prefix.into_bytes()))
        } else {
            Err(Allowed(
                "must begin and end with \"/\" and be at most 1024 bytes of ASCII without \"?\", \"#\" or control characters",
            ))
        }
    }
}

fn is_path(path: &str) -> bool {
    let allowed = |byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'?' | b'#');
    path.starts_with('/') && path.len() <= MAX_PATH_BYTES && all(path, allowed)
}

/// Request methods, compared byte for byte; a space between two of them, which
/// no method has in it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Methods(Vec<u8>);

impl Methods {
    /// The methods of an exemption that names none.
    #[must_use]
    pub fn get() -> Self {
        Self(b"GET".into())
    }

    /// # Errors
    /// `name` is not a token ([RFC 9110, section 5.6.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2))
    /// in capitals: methods are case-sensitive, and a `get` would never match. One
    /// without a letter is none either: the registry of methods reserves `*`.
    pub fn add(&mut self, name: &str) -> Result<(), Allowed> {
        let no_capital = all(name, |byte| !byte.is_ascii_uppercase());
        if !is_token(name) || no_capital || !all(name, |byte| !byte.is_ascii_lowercase()) {
            return Err(Allowed("must be an HTTP method in upper case, as \"GET\""));
        }
        if !self.0.is_empty() {
            self.0.push(b' ');
        }
        self.0.extend_from_slice(name.as_bytes());
        Ok(())
    }

    fn contain(&self, method: &[u8]) -> bool {
        self.0.split(|byte| *byte == b' ').any(|name| name == method)
    }
}
