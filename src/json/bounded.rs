//! Numbers and lists within bounds, for the `Deserialize` of domain types.

use std::fmt;
use std::marker::PhantomData;
use std::ops::RangeInclusive;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Unexpected, Visitor};

/// Reads a whole number within `bounds`; `unit` is its unit in the plural.
///
/// # Errors
/// The value is not such a number.
pub fn whole_number<'de, D: Deserializer<'de>>(
    deserializer: D,
    bounds: RangeInclusive<u32>,
    unit: &'static str,
) -> Result<u32, D::Error> {
    deserializer.deserialize_u32(NumberVisitor { bounds, unit })
}

struct NumberVisitor {
    bounds: RangeInclusive<u32>,
    unit: &'static str,
}

impl Visitor<'_> for NumberVisitor {
    type Value = u32;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, most) = (self.bounds.start(), self.bounds.end());
        write!(formatter, "a whole number of {} from {least} to {most}", self.unit)
    }

    fn visit_u32<E: Error>(self, number: u32) -> Result<u32, E> {
        if self.bounds.contains(&number) {
            Ok(number)
        } else {
            Err(E::invalid_value(Unexpected::Unsigned(number.into()), &self))
        }
    }
}

/// Reads a list whose length is within `bounds`; `description` completes the
/// sentence "It must be …".
///
/// # Errors
/// The value is not such a list.
pub fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
    bounds: RangeInclusive<usize>,
    description: fmt::Arguments<'_>,
) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_seq(ListVisitor { bounds, description, item: PhantomData })
}

/// Reads a list whose length is within `bounds`; `items` names its items in the
/// plural.
///
/// # Errors
/// The value is not such a list.
pub fn list_of<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
    bounds: RangeInclusive<usize>,
    items: &str,
) -> Result<Vec<T>, D::Error> {
    let (least, most) = (*bounds.start(), *bounds.end());
    list(deserializer, bounds, format_args!("a list of {least} to {most} {items}"))
}

struct ListVisitor<'a, T> {
    bounds: RangeInclusive<usize>,
    description: fmt::Arguments<'a>,
    item: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<'_, T> {
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_fmt(self.description)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
            if items.len() > *self.bounds.end() {
                return Err(A::Error::invalid_length(items.len(), &self));
            }
        }
        if items.len() < *self.bounds.start() {
            return Err(A::Error::invalid_length(items.len(), &self));
        }
        Ok(items)
    }
}
