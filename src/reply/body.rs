//! The body of the 503.

use std::rc::Rc;

use serde::Deserialize;

use crate::error::Error;
use crate::limits::{DEFAULT_BODY, MAX_BODY_BYTES, MAX_GRPC_BODY_BYTES};

/// The body of the 503.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(with = "String", extend("maxLength" = MAX_BODY_BYTES, "default" = DEFAULT_BODY)))]
pub struct Body(Rc<str>);

impl Default for Body {
    fn default() -> Self {
        Self(DEFAULT_BODY.into())
    }
}

impl TryFrom<String> for Body {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        if text.len() <= MAX_BODY_BYTES {
            Ok(Self(text.into()))
        } else {
            Err(Error::new(format!("must be at most {MAX_BODY_BYTES} bytes")))
        }
    }
}

impl Body {
    /// Returns whether gRPC clients cannot read a reply with this body.
    pub(super) fn is_too_long_for_grpc(&self) -> bool {
        self.0.len() > MAX_GRPC_BODY_BYTES
    }

    pub(super) fn text(&self) -> Rc<str> {
        Rc::clone(&self.0)
    }
}
