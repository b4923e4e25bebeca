//! The body of the 503.

use serde::Deserialize;

use crate::error::Violation;
use crate::limits::{DEFAULT_BODY, MAX_BODY_BYTES};

/// The body of the 503.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(extend("maxLength" = MAX_BODY_BYTES, "default" = DEFAULT_BODY)))]
pub struct Body(String);

impl Default for Body {
    fn default() -> Self {
        Self(DEFAULT_BODY.into())
    }
}

impl TryFrom<String> for Body {
    type Error = Violation;

    fn try_from(text: String) -> Result<Self, Violation> {
        if text.len() <= MAX_BODY_BYTES {
            Ok(Self(text))
        } else {
            Err(Violation::of(format!("must be at most {MAX_BODY_BYTES} bytes")))
        }
    }
}

impl From<Body> for String {
    fn from(Body(text): Body) -> Self {
        text
    }
}
