//! Strict JSON: a value together with its place in the document.
//!
//! A value stays the text it was given as, so that every message can quote it.

use std::ops::RangeBounds;

use super::parts;
use super::suggestion::unknown;
use crate::error::{Error, one_line};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const LONE_SURROGATE: &str = "has an escape from \\ud800 to \\udfff without its other half";

/// A JSON value and where it stands, as `exemptions[2].methods`.
#[derive(Clone)]
pub struct Field<'a> {
    path: String,
    value: &'a str,
}

impl<'a> Field<'a> {
    /// The whole document.
    pub(super) fn document(bytes: &'a [u8]) -> Result<Self, Error> {
        if bytes.starts_with(BYTE_ORDER_MARK) {
            return Err(Error::not_json(&"it begins with a byte order mark"));
        }
        let text = str::from_utf8(bytes).map_err(|error| Error::not_json(&error))?;
        let value = parts::document(text).map_err(|error| Error::not_json(&error))?;
        let path = String::new();
        Ok(Self { path, value })
    }

    /// Refuses the value: `allowed` says what the field takes.
    #[must_use]
    pub fn not_allowed(&self, allowed: &str) -> Error {
        Error::not_allowed(&self.path, self.value, allowed)
    }

    pub(super) fn boolean(&self) -> Result<bool, Error> {
        match self.value {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(self.not_allowed("must be true or false")),
        }
    }

    /// The value as a whole number; `None` for anything else, `60.0` included.
    pub(super) fn integer(&self) -> Option<u32> {
        self.value.parse().ok()
    }

    /// The value as a string.
    ///
    /// # Errors
    /// It is not one, or its escapes do not make up Unicode text.
    pub fn string(&self) -> Result<String, Error> {
        self.read('"', parts::string, "must be a string")
    }

    /// A list of so many values; `allowed` says what it must be.
    pub(super) fn list(
        &self,
        count: impl RangeBounds<usize>,
        allowed: &str,
    ) -> Result<Vec<Field<'a>>, Error> {
        let values = self.read('[', parts::items, allowed)?;
        if !count.contains(&values.len()) {
            return Err(self.not_allowed(allowed));
        }
        let at = |(index, value)| Field { path: format!("{}[{index}]", self.path), value };
        Ok(values.into_iter().enumerate().map(at).collect())
    }

    /// An object of at most `most` entries whose keys are the operator's own.
    pub(super) fn map(
        &self,
        most: usize,
        allowed: &str,
    ) -> Result<Vec<(String, Field<'a>)>, Error> {
        let entries = self.read('{', parts::entries, allowed)?;
        if entries.len() > most {
            return Err(self.not_allowed(allowed));
        }
        let mut fields = Vec::new();
        for (key, value) in entries {
            let field = Field { path: self.quoted(&key), value };
            push(&mut fields, key, field)?;
        }
        Ok(fields)
    }

    /// An object of the `known` fields and no others.
    pub(super) fn object(&self, known: &[&str]) -> Result<Object<'a>, Error> {
        let entries = self.read('{', parts::entries, "must be a JSON object")?;
        let mut fields = Vec::new();
        for (key, value) in entries {
            let field = Field { path: self.dotted(&key), value };
            if !known.contains(&key.as_str()) {
                return Err(field.not_allowed(&unknown(&key, known)));
            }
            push(&mut fields, key, field)?;
        }
        Ok(Object(fields))
    }

    /// The value taken apart by `parts`, if `opening` says that it is one of
    /// the right type.
    fn read<T>(
        &self,
        opening: char,
        parts: impl FnOnce(&'a str) -> Option<T>,
        allowed: &str,
    ) -> Result<T, Error> {
        if !self.value.starts_with(opening) {
            return Err(self.not_allowed(allowed));
        }
        // The text is JSON, so only an escape can be wrong.
        parts(self.value).ok_or_else(|| self.not_allowed(LONE_SURROGATE))
    }

    /// The path of the field `key`, as `response.body`.
    fn dotted(&self, key: &str) -> String {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
        if key.is_empty() || !key.bytes().all(plain) {
            return self.quoted(key);
        }
        let dot = if self.path.is_empty() { "" } else { "." };
        format!("{}{dot}{}", self.path, one_line(key))
    }

    /// The path of an entry with any key, as `response.headers["server"]`.
    fn quoted(&self, key: &str) -> String {
        format!("{}[\"{}\"]", self.path, one_line(key))
    }
}

/// Adds a field, unless its key is already there.
fn push<'a>(
    fields: &mut Vec<(String, Field<'a>)>,
    key: String,
    field: Field<'a>,
) -> Result<(), Error> {
    if fields.iter().any(|(earlier, _)| *earlier == key) {
        return Err(field.not_allowed("a field may be given only once"));
    }
    fields.push((key, field));
    Ok(())
}

/// The fields of a JSON object, each known and given at most once.
pub struct Object<'a>(Vec<(String, Field<'a>)>);

impl<'a> Object<'a> {
    pub(super) fn take(&mut self, key: &str) -> Option<Field<'a>> {
        let index = self.0.iter().position(|(name, _)| name == key)?;
        Some(self.0.swap_remove(index).1)
    }
}
