//! Request methods of an exemption.

use serde::{Deserialize, Deserializer};

use crate::error::Violation;
use crate::json;
use crate::limits::DEFAULT_METHOD;
use crate::token::is_token;

/// Request methods, compared byte for byte.
#[derive(Debug)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(extend("minItems" = 1, "default" = [DEFAULT_METHOD])))]
pub struct Methods(Vec<Method>);

impl Methods {
    pub(super) fn contain(&self, method: &[u8]) -> bool {
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
        let description = format_args!("a list of at least one HTTP method, as [\"GET\"]");
        json::list(deserializer, 1..=usize::MAX, description).map(Self)
    }
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(extend("pattern" = "^[A-Z0-9!#$%&'*+.^_`|~-]*[A-Z][A-Z0-9!#$%&'*+.^_`|~-]*$", "errorMessage" = METHOD_RULE)))]
struct Method(String);

const METHOD_RULE: &str = "must be an HTTP method in upper case, as \"GET\"";

impl TryFrom<String> for Method {
    type Error = Violation;

    /// Accepts tokens in upper case. Methods are case-sensitive
    /// ([RFC 9110, section 9.1](https://www.rfc-editor.org/rfc/rfc9110#section-9.1)):
    /// `get` would never match. A name without a letter is refused too,
    /// because `*` does not stand for every method.
    fn try_from(name: String) -> Result<Self, Violation> {
        let has_upper_case = name.bytes().any(|byte| byte.is_ascii_uppercase());
        let has_lower_case = name.bytes().any(|byte| byte.is_ascii_lowercase());
        if is_token(&name) && has_upper_case && !has_lower_case {
            Ok(Self(name))
        } else {
            Err(Violation::of(METHOD_RULE))
        }
    }
}
