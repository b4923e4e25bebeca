//! Bypass: lets operators through while maintenance is in force, so that they can
//! verify the service before they reopen it.
//!
//! A request carries a random token in a header. The configuration has only the
//! SHA-256 digest of the token, so reading the configuration does not give access.
//! A digest of a password would: passwords can be guessed from their digests.

use serde::{Deserialize, Deserializer};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::error::Error;
use crate::header_name::HeaderName;
#[cfg(not(target_arch = "wasm32"))]
use crate::header_name::{self, OWNED_HEADER_NAMES};
use crate::json;
use crate::limits::{BYPASS_TOKEN_BYTES, BYPASS_TOKENS, MAX_HEADER_NAME_BYTES};

/// Headers that cannot carry a token, because the application needs them.
const RESERVED_HEADER_NAMES: [&str; 3] = ["authorization", "cookie", "host"];

/// The object `bypass`: tokens that let a request through.
#[derive(Debug, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a JSON object")]
pub struct Bypass {
    /// Name of the header that carries a token. The filter removes it from every request that
    /// goes to the application.
    header: TokenHeader,
    /// SHA-256 digests of the tokens, in hexadecimal. Use random tokens: a password can be
    /// guessed from its digest.
    #[serde(deserialize_with = "digests")]
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("minItems" = BYPASS_TOKENS.start(), "maxItems" = BYPASS_TOKENS.end())))]
    sha256: Vec<Digest>,
}

impl Bypass {
    /// Returns the name of the header that carries a token.
    #[must_use]
    pub fn header(&self) -> &str {
        self.header.0.as_str()
    }

    /// Returns how many tokens are accepted.
    #[must_use]
    pub fn token_count(&self) -> usize {
        self.sha256.len()
    }

    /// Returns whether `token` is accepted. The time does not depend on how much
    /// of a digest matches, nor on which one.
    #[must_use]
    pub fn accepts(&self, token: &[u8]) -> bool {
        if !BYPASS_TOKEN_BYTES.contains(&token.len()) {
            return false;
        }
        let digest = Sha256::digest(token);
        let matches = self.sha256.iter().map(|Digest(known)| known.ct_eq(digest.as_slice()));
        matches.fold(Choice::from(0), |any, matches| any | matches).into()
    }
}

/// Name of the header that carries a token.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(with = "String", extend(
    "maxLength" = MAX_HEADER_NAME_BYTES,
    "pattern" = header_name::PATTERN,
    "errorMessage" = token_header_error().to_string(),
    "not" = {
        "anyOf": [
            {"pattern": header_name::any_of(&RESERVED_HEADER_NAMES)},
            {"pattern": header_name::any_of(&OWNED_HEADER_NAMES)},
        ],
    },
)))]
struct TokenHeader(HeaderName);

impl TryFrom<String> for TokenHeader {
    type Error = Error;

    fn try_from(name: String) -> Result<Self, Error> {
        let name = HeaderName::try_from(name).ok();
        name.filter(|name| !RESERVED_HEADER_NAMES.contains(&name.as_str()))
            .map(Self)
            .ok_or_else(token_header_error)
    }
}

fn token_header_error() -> Error {
    let reserved = RESERVED_HEADER_NAMES.join(", ");
    Error::new(format!(
        "must be a header name of at most {MAX_HEADER_NAME_BYTES} bytes, and not {reserved} \
         or a header that HTTP itself sets"
    ))
}

fn digests<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Digest>, D::Error> {
    json::list(deserializer, BYPASS_TOKENS, "SHA-256 digests")
}

/// A SHA-256 digest.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(with = "String", extend("pattern" = "^[0-9A-Fa-f]{64}$", "errorMessage" = DIGEST_RULE)))]
struct Digest([u8; 32]);

const DIGEST_RULE: &str = "must be a SHA-256 digest: 64 hexadecimal digits";

impl TryFrom<String> for Digest {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        let mut digest = [0; 32];
        hex::decode_to_slice(text, &mut digest).map_err(|_| Error::new(DIGEST_RULE))?;
        Ok(Self(digest))
    }
}
