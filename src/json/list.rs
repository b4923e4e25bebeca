//! Lists within bounds, for the `Deserialize` of domain types.

use std::fmt;
use std::marker::PhantomData;
use std::ops::RangeInclusive;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

/// Reads a list whose length is within `bounds`; `items` names its items in a
/// message.
///
/// # Errors
/// The value is not such a list.
pub fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
    bounds: RangeInclusive<usize>,
    items: &'static str,
) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_seq(ListVisitor { bounds, items, item: PhantomData })
}

struct ListVisitor<T> {
    bounds: RangeInclusive<usize>,
    items: &'static str,
    item: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items = self.items;
        match (*self.bounds.start(), *self.bounds.end()) {
            (0, most) => write!(formatter, "a list of at most {most} {items}"),
            (least, most) => write!(formatter, "a list of {least} to {most} {items}"),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut items = Vec::new();
        while items.len() <= *self.bounds.end()
            && let Some(item) = list.next_element()?
        {
            items.push(item);
        }
        if self.bounds.contains(&items.len()) {
            Ok(items)
        } else {
            Err(A::Error::invalid_length(items.len(), &self))
        }
    }
}
