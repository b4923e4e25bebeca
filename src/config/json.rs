//! Strict JSON: a value together with its place in the document.
//!
//! `serde`'s derived deserializers cannot say where a wrong type stands, keep
//! the last of two equal keys and take `[]` for an object. Here a value stays
//! the text it was given as, so that every message can quote it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::{Error, one_line};

/// A JSON value and where it stands, as `exemptions[2].methods`.
#[derive(Clone)]
pub struct Field<'a> {
    path: String,
    value: &'a RawValue,
}

impl<'a> Field<'a> {
    /// The whole document.
    pub(super) fn document(bytes: &'a [u8]) -> Result<Self, Error> {
        let text = str::from_utf8(bytes).map_err(|error| Error::not_json(&error))?;
        let value = serde_json::from_str(text).map_err(|error| Error::not_json(&error))?;
        let path = String::new();
        Ok(Self { path, value })
    }

    /// Refuses the value: `allowed` says what the field takes.
    #[must_use]
    pub fn not_allowed(&self, allowed: &str) -> Error {
        let path = if self.path.is_empty() { "plugin configuration" } else { &self.path };
        Error::not_allowed(path, self.value.get(), allowed)
    }

    pub(super) fn boolean(&self) -> Result<bool, Error> {
        match self.value.get() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(self.not_allowed("must be true or false")),
        }
    }

    /// The value as a whole number; `None` for anything else, `60.0` included.
    pub(super) fn integer(&self) -> Option<u32> {
        self.value.get().parse().ok()
    }

    /// The value as a string.
    ///
    /// # Errors
    /// It is not one, or its escapes do not make up Unicode text.
    pub fn string(&self) -> Result<String, Error> {
        serde_json::from_str(self.value.get()).map_err(|_| self.not_allowed("must be a string"))
    }

    pub(super) fn list(&self) -> Result<Vec<Field<'a>>, Error> {
        let List(values) = serde_json::from_str(self.value.get())
            .map_err(|_| self.not_allowed("must be a list"))?;
        let at = |(index, value)| Field { path: format!("{}[{index}]", self.path), value };
        Ok(values.into_iter().enumerate().map(at).collect())
    }

    /// An object of at most `most` entries whose keys are the operator's own.
    pub(super) fn map(
        &self,
        most: usize,
        allowed: &str,
    ) -> Result<Vec<(String, Field<'a>)>, Error> {
        let entries = self.entries(|path, key| format!("{path}[\"{key}\"]"))?;
        if entries.len() > most {
            return Err(self.not_allowed(allowed));
        }
        distinct(entries)
    }

    /// An object of the `known` fields and no others.
    pub(super) fn object(&self, known: &[&str]) -> Result<Object<'a>, Error> {
        let dot = if self.path.is_empty() { "" } else { "." };
        let fields = self.entries(|path, key| format!("{path}{dot}{key}"))?;
        match fields.iter().find(|(key, _)| !known.contains(&key.as_str())) {
            Some((key, field)) => Err(field.not_allowed(&unknown(key, known))),
            None => distinct(fields).map(Object),
        }
    }

    fn entries(
        &self,
        place: impl Fn(&str, &str) -> String,
    ) -> Result<Vec<(String, Field<'a>)>, Error> {
        let Entries(entries) = serde_json::from_str(self.value.get())
            .map_err(|_| self.not_allowed("must be a JSON object"))?;
        let at = |(key, value): (String, _)| {
            let path = place(&self.path, &one_line(&key));
            (key, Field { path, value })
        };
        Ok(entries.into_iter().map(at).collect())
    }
}

/// The entries as they are, unless a key is given twice.
fn distinct(entries: Vec<(String, Field<'_>)>) -> Result<Vec<(String, Field<'_>)>, Error> {
    for (index, (key, field)) in entries.iter().enumerate() {
        if entries.iter().take(index).any(|(earlier, _)| earlier == key) {
            return Err(field.not_allowed("a field may be given only once"));
        }
    }
    Ok(entries)
}

/// The fields of a JSON object, each known and given at most once.
pub struct Object<'a>(Vec<(String, Field<'a>)>);

impl<'a> Object<'a> {
    pub(super) fn take(&mut self, key: &str) -> Option<Field<'a>> {
        let index = self.0.iter().position(|(name, _)| name == key)?;
        Some(self.0.swap_remove(index).1)
    }
}

fn unknown(key: &str, known: &[&str]) -> String {
    let all = known.join(", ");
    match known.iter().min_by_key(|name| distance(key, name)) {
        Some(nearest) if distance(key, nearest) <= nearest.len() / 2 => {
            format!("unknown field, did you mean {nearest}? Known here: {all}")
        }
        _ => format!("unknown field, known here: {all}"),
    }
}

/// Levenshtein distance, in bytes, without regard to case.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i.saturating_add(1);
        for (cell, y) in row.iter_mut().skip(1).zip(b.bytes()) {
            let substituted = diagonal.saturating_add(usize::from(!x.eq_ignore_ascii_case(&y)));
            diagonal = *cell;
            left = substituted.min(left.min(diagonal).saturating_add(1));
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

struct List<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for List<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Values;
        impl<'de> Visitor<'de> for Values {
            type Value = List<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<'de>, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = seq.next_element()? {
                    values.push(value);
                }
                Ok(List(values))
            }
        }
        deserializer.deserialize_seq(Values)
    }
}

struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Entries<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'de>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}
