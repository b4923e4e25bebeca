//! Strict JSON: values with types.
//!
//! A value stays the text it was given as, so that a message can quote it;
//! where it stands is worked out only for a message.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;

use super::parts::{self, Parts};
use super::place::place;
use super::suggestion::unknown;
use crate::error::Error;

const LONE_SURROGATE: &str = "has an escape from \\ud800 to \\udfff without its other half";
const REPEATED: &str = "a field may be given only once";

/// A JSON value: its text, a part of the document's.
#[derive(Clone, Copy)]
pub struct Field<'a>(pub(super) &'a str);

/// What was read, or why it is refused. That is in a box, for else every function
/// on its way back would have the code to copy it.
pub type Read<'a, T> = Result<T, Box<Refused<'a>>>;

/// A value that is not allowed, and what is.
pub struct Refused<'a> {
    field: Field<'a>,
    allowed: Cow<'static, str>,
}

impl Refused<'_> {
    /// The same in words, with the place of the value in its `document`.
    #[must_use]
    pub fn within(&self, document: Field) -> Error {
        Error::not_allowed(&place(document, self.field), self.field.0, &self.allowed)
    }
}

impl<'a> Field<'a> {
    /// The whole document.
    ///
    /// # Errors
    /// `bytes` are not JSON.
    pub fn document(bytes: &'a [u8]) -> Result<Self, Error> {
        let text = parts::text(bytes).map_err(|reason| Error::not_json(&reason))?;
        parts::check(text).map_err(|reason| Error::not_json(&reason))?;
        Ok(Self(text.trim_ascii()))
    }

    /// Refuses the value: `allowed` says what the field takes.
    #[must_use]
    pub fn not_allowed(self, allowed: &'static str) -> Box<Refused<'a>> {
        Box::new(Refused { field: self, allowed: allowed.into() })
    }

    pub(super) fn boolean(self) -> Read<'a, bool> {
        match self.0 {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(self.not_allowed("must be true or false")),
        }
    }

    /// The value as a whole number; `None` for anything else, `60.0` included.
    pub(super) fn integer(self) -> Option<usize> {
        self.0.parse().ok()
    }

    /// The value as a string.
    ///
    /// # Errors
    /// It is not one, or its escapes do not make up Unicode text.
    pub fn string(self) -> Read<'a, String> {
        self.is_a(b'"', "must be a string")?;
        parts::string(self.0).ok_or_else(|| self.not_allowed(LONE_SURROGATE))
    }

    /// The values of a list of `least` to `most`; `allowed` says what it must be.
    pub(super) fn list(
        self,
        least: usize,
        most: usize,
        allowed: &'static str,
    ) -> Read<'a, Parts<'a>> {
        self.is_a(b'[', allowed)?;
        let count = Parts::of(self).count();
        if count < least || count > most {
            return Err(self.not_allowed(allowed));
        }
        Ok(Parts::of(self))
    }

    /// The entries of an object of at most `most`, whose keys are the operator's own.
    pub(super) fn map(self, most: usize, allowed: &'static str) -> Read<'a, Parts<'a>> {
        let entries = self.entries(allowed)?;
        if Parts::of(self).count() > most {
            return Err(self.not_allowed(allowed));
        }
        for (index, entry) in Parts::of(self).enumerate() {
            let key = entry.key();
            if Parts::of(self).take(index).any(|earlier| earlier.key() == key) {
                return Err(entry.value.not_allowed(REPEATED));
            }
        }
        Ok(entries)
    }

    /// An object of the `known` fields and no others, put into `values` in
    /// the order of `known`.
    pub(super) fn object(self, known: &[&str], values: &mut [Option<Field<'a>>]) -> Read<'a, ()> {
        for entry in self.entries("must be a JSON object")? {
            let key = entry.key().unwrap_or_default();
            let index = known.iter().position(|name| *name == key);
            let Some(value) = index.and_then(|index| values.get_mut(index)) else {
                let allowed = unknown(&key, known).into();
                return Err(Box::new(Refused { field: entry.value, allowed }));
            };
            if value.replace(entry.value).is_some() {
                return Err(entry.value.not_allowed(REPEATED));
            }
        }
        Ok(())
    }

    /// The entries of an object, all of whose keys are text.
    fn entries(self, allowed: &'static str) -> Read<'a, Parts<'a>> {
        self.is_a(b'{', allowed)?;
        if Parts::of(self).any(|entry| entry.key().is_none()) {
            return Err(self.not_allowed(LONE_SURROGATE));
        }
        Ok(Parts::of(self))
    }

    /// The text is JSON, so its first byte says of what type the value is.
    fn is_a(self, opening: u8, allowed: &'static str) -> Read<'a, ()> {
        if self.0.as_bytes().first() == Some(&opening) {
            return Ok(());
        }
        Err(self.not_allowed(allowed))
    }
}
