//! The headers of the 503.

use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::error::Error;
use crate::header_name::HeaderName;
#[cfg(not(target_arch = "wasm32"))]
use crate::header_name::{self, OWNED_HEADER_NAMES};
#[cfg(not(target_arch = "wasm32"))]
use crate::limits::MAX_HEADER_NAME_BYTES;
use crate::limits::{DEFAULT_CONTENT_TYPE, MAX_HEADER_VALUE_BYTES, MAX_RESPONSE_HEADERS};

/// Headers that a configuration adds, in the order given.
#[derive(Debug, Default)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(
    with = "std::collections::BTreeMap<String, HeaderValue>",
    extend(
        "maxProperties" = MAX_RESPONSE_HEADERS,
        "propertyNames" = {
            "maxLength": MAX_HEADER_NAME_BYTES,
            "pattern": header_name::PATTERN,
            "not": {"pattern": header_name::any_of(&OWNED_HEADER_NAMES)},
            "errorMessage": format!("{}, and not of a header that HTTP itself sets", header_name::RULE),
        },
    ),
))]
pub struct Headers(Vec<(HeaderName, HeaderValue)>);

impl Headers {
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, HeaderValue(value))| (name.as_str(), value.as_str()))
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeadersVisitor)
    }
}

struct HeadersVisitor;

impl<'de> Visitor<'de> for HeadersVisitor {
    type Value = Headers;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "an object of at most {MAX_RESPONSE_HEADERS} headers")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Headers, A::Error> {
        let mut headers = Headers::default();
        while let Some(name) = map.next_key()? {
            if headers.0.iter().any(|(other, _)| *other == name) {
                return Err(A::Error::custom("the same header in another case is already given"));
            }
            headers.0.push((name, map.next_value()?));
            if headers.0.len() > MAX_RESPONSE_HEADERS {
                return Err(A::Error::invalid_length(headers.0.len(), &self));
            }
        }
        Ok(headers)
    }
}

/// A header value
/// ([RFC 9110, section 5.5](https://www.rfc-editor.org/rfc/rfc9110#section-5.5)).
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(extend(
    "maxLength" = MAX_HEADER_VALUE_BYTES,
    "pattern" = HEADER_VALUE_PATTERN,
    "errorMessage" = HEADER_VALUE_RULE,
)))]
struct HeaderValue(String);

const HEADER_VALUE_RULE: &str =
    "must be a header value: no control characters, no space at either end";

impl TryFrom<String> for HeaderValue {
    type Error = Error;

    fn try_from(value: String) -> Result<Self, Error> {
        if value.len() > MAX_HEADER_VALUE_BYTES {
            return Err(Error::new(format!("must be at most {MAX_HEADER_VALUE_BYTES} bytes")));
        }
        let is_allowed = |byte: u8| !byte.is_ascii_control() || byte == b'\t';
        let is_trimmed = value.trim_matches([' ', '\t']).len() == value.len();
        if is_trimmed && value.bytes().all(is_allowed) {
            Ok(Self(value))
        } else {
            Err(Error::new(HEADER_VALUE_RULE))
        }
    }
}

/// A media type. It must be a header value that is not empty.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(extend(
    "minLength" = 1,
    "maxLength" = MAX_HEADER_VALUE_BYTES,
    "pattern" = HEADER_VALUE_PATTERN,
    "errorMessage" = HEADER_VALUE_RULE,
    "default" = DEFAULT_CONTENT_TYPE,
)))]
pub struct ContentType(HeaderValue);

impl Default for ContentType {
    fn default() -> Self {
        Self(HeaderValue(DEFAULT_CONTENT_TYPE.into()))
    }
}

impl TryFrom<String> for ContentType {
    type Error = Error;

    fn try_from(value: String) -> Result<Self, Error> {
        if value.is_empty() {
            return Err(Error::new("must not be empty"));
        }
        HeaderValue::try_from(value).map(Self)
    }
}

impl ContentType {
    pub(super) fn as_str(&self) -> &str {
        &self.0.0
    }
}

/// No control characters, and no space or tab at either end.
#[cfg(not(target_arch = "wasm32"))]
const HEADER_VALUE_PATTERN: &str = "^([^\\u0000-\\u0020\\u007f]([^\\u0000-\\u0008\\u000a-\\u001f\\u007f]*[^\\u0000-\\u0020\\u007f])?)?$";
