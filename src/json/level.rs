//! Level of a JSON value.

use std::fmt;

use serde::Deserialize;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Level of a JSON value. The values inside it stay text.
pub enum Level<'de> {
    /// Keys and values in the order given, repeated keys included.
    Object(Vec<(String, &'de RawValue)>),
    List(Vec<&'de RawValue>),
    String(String),
    /// A value that begins with another character.
    Other,
}

impl<'de> Deserialize<'de> for Level<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LevelVisitor)
    }
}

/// Takes every type, although `Value::open` reads no scalars: by default a
/// visitor refuses a type with a message that quotes the value, and the code to
/// print a floating-point number is a sixth of the module.
struct LevelVisitor;

impl<'de> Visitor<'de> for LevelVisitor {
    type Value = Level<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Level<'de>, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Level::Object(entries))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Level<'de>, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(Level::List)
    }

    fn visit_str<E>(self, string: &str) -> Result<Level<'de>, E> {
        Ok(Level::String(string.into()))
    }

    fn visit_unit<E>(self) -> Result<Level<'de>, E> {
        Ok(Level::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Level<'de>, E> {
        Ok(Level::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Level<'de>, E> {
        Ok(Level::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Level<'de>, E> {
        Ok(Level::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Level<'de>, E> {
        Ok(Level::Other)
    }
}
