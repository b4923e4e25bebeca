//! Reads JSON into types that derive [`Deserialize`], with errors for people.
//!
//! `serde_json` reports a line and a column. An operator needs the name of the
//! field, the value and the rule. So this reader works in three steps:
//!
//! 1. `serde_json` checks the syntax of the whole text. Every value stays a
//!    [`RawValue`]: its text, as given.
//! 2. [`Value`] hands that text to the type of the field.
//! 3. An [`Error`] picks up the value it is about, and the name of each field
//!    around the value, on its way out.
//!
//! The reader is stricter than `serde_json`: a field given twice and `null` for an
//! optional field are errors, and so is a list in place of an object, which derived
//! structs would accept.

mod level;
mod list;

use std::fmt::Display;
use std::iter::Enumerate;
use std::vec;

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::value::RawValue;

pub use list::list;

use self::level::Level;
use crate::error::{Error, Result, one_line};

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Reads `json` into a `T`.
///
/// # Errors
/// `json` is not JSON, or a value in it breaks a rule of `T`.
pub fn read<'de, T: Deserialize<'de>>(json: &'de [u8]) -> Result<T> {
    let text = str::from_utf8(json).map_err(not_json)?;
    if text.starts_with(BYTE_ORDER_MARK) {
        return Err(not_json("it begins with a byte order mark"));
    }
    let document: &RawValue = serde_json::from_str(text).map_err(not_json)?;
    T::deserialize(Value(document)).map_err(|error| error.about(document.get()))
}

fn not_json(reason: impl Display) -> Error {
    Error::new(format_args!("not valid JSON: {reason}"))
}

/// A JSON value, deserialized from its text.
struct Value<'de>(&'de RawValue);

impl<'de> Value<'de> {
    /// Reads one level of a value that begins with `opening`. The syntax was checked
    /// in step 1, except for escapes of unpaired surrogates.
    fn open(&self, opening: char) -> Result<Level<'de>> {
        if !self.0.get().starts_with(opening) {
            return Ok(Level::Other);
        }
        let rule = "has an escape from \\ud800 to \\udfff without its other half";
        serde_json::from_str(self.0.get()).map_err(|_| Error::new(rule))
    }

    fn string(&self) -> Result<String> {
        match self.open('"')? {
            Level::String(string) => Ok(string),
            _ => Err(Error::new("must be a string")),
        }
    }

    fn object<V: Visitor<'de>>(&self, visitor: V, has_known_keys: bool) -> Result<V::Value> {
        let Level::Object(entries) = self.open('{')? else {
            return Err(unexpected(&visitor));
        };
        let mut object = Object { entries: entries.into_iter(), keys: Vec::new(), value: None };
        visitor.visit_map(&mut object).map_err(|error| match (object.keys.last(), object.value) {
            (Some(key), Some(value)) => {
                error.about(value.get()).within(key_segment(key, has_known_keys))
            }
            _ => error,
        })
    }
}

/// Returns the part of a field's path for `key`: `.key`, or `["key"]` if it cannot be a
/// field of the configuration.
fn key_segment(key: &str, is_known: bool) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let is_name = is_known && !key.is_empty() && key.bytes().all(is_plain);
    let key = one_line(key);
    if is_name { format!(".{key}") } else { format!("[\"{key}\"]") }
}

/// The error for a value that is not of the type that `visitor` expects.
fn unexpected<'de>(visitor: &impl Visitor<'de>) -> Error {
    Error::invalid_type(Unexpected::Other("value"), visitor)
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        Err(unexpected(&visitor))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0.get() {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => Err(Error::new("must be true or false")),
        }
    }

    /// Accepts digits only: 60.0 and 6e1 are whole numbers, but nobody means
    /// to write a number of seconds like that.
    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0.get().parse() {
            Ok(number) => visitor.visit_u32(number),
            Err(_) => Err(unexpected(&visitor)),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_string(self.string()?)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_enum(self.string()?.into_deserializer())
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.open('[')? {
            Level::List(values) => visitor.visit_seq(List(values.into_iter().enumerate())),
            _ => Err(unexpected(&visitor)),
        }
    }

    /// Reads an object whose keys are not names of fields, such as `headers`.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.object(visitor, false)
    }

    /// Reads an object whose keys are names of fields.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.object(visitor, true)
    }

    /// Never reads `None`: `serde(default)` handles a missing field, and `null` is an
    /// error.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_some(self)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u64 u128 f32 f64 char str bytes byte_buf unit unit_struct
        newtype_struct tuple tuple_struct identifier ignored_any
    }
}

/// The values of a JSON list, with their indexes.
struct List<'de>(Enumerate<vec::IntoIter<&'de RawValue>>);

impl<'de> SeqAccess<'de> for List<'de> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        let Some((index, value)) = self.0.next() else {
            return Ok(None);
        };
        seed.deserialize(Value(value))
            .map(Some)
            .map_err(|error| error.about(value.get()).within(format_args!("[{index}]")))
    }
}

/// A JSON object. An error between a key and the next one is about the entry of
/// that key.
struct Object<'de> {
    entries: vec::IntoIter<(String, &'de RawValue)>,
    /// Keys read so far.
    keys: Vec<String>,
    /// Value of the last key, until it is read.
    value: Option<&'de RawValue>,
}

impl<'de> MapAccess<'de> for &mut Object<'de> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        let Some((key, value)) = self.entries.next() else {
            return Ok(None);
        };
        let is_repeated = self.keys.contains(&key);
        self.keys.push(key.clone());
        self.value = Some(value);
        if is_repeated {
            return Err(Error::new("a field may be given only once"));
        }
        seed.deserialize(key.into_deserializer()).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        let Some(value) = self.value else {
            return Err(Error::new("a value was read before its key"));
        };
        let result = seed.deserialize(Value(value))?;
        self.value = None;
        Ok(result)
    }
}
