//! Where in a document a value stands, in words.

use alloc::string::String;

use super::json::Field;
use super::parts::{Part, Parts};
use crate::error::one_line;
use crate::text::{all, decimal, joined};

/// The only object whose keys are the operator's own.
const MAP: &str = "response.headers";

/// The place of `field`, a part of `document`, as `exemptions[2].methods`;
/// nothing for the whole document.
pub fn place(document: Field, field: Field) -> String {
    let mut place = String::new();
    let mut around = document;
    // A value that holds another one begins before it.
    while let Some((index, part)) = part_around(around, field) {
        place = if part.has_key() {
            of_key(&place, &part.key().unwrap_or_default())
        } else {
            joined(&[&place, "[", &decimal(index), "]"])
        };
        around = part.value;
    }
    place
}

/// The part of `around` that is `field` or holds it, and its number. Both are
/// parts of one text, so their addresses tell.
fn part_around<'a>(around: Field<'a>, field: Field) -> Option<(usize, Part<'a>)> {
    let at = field.0.as_ptr();
    Parts::of(around)
        .enumerate()
        .find(|(_, part)| part.value.0.as_bytes().as_ptr_range().contains(&at))
}

/// The place of the field `key`, as `response.body` or `response.headers["server"]`.
fn of_key(place: &str, key: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    let name = one_line(key);
    if place == MAP || key.is_empty() || !all(key, plain) {
        return joined(&[place, "[\"", &name, "\"]"]);
    }
    joined(&[place, if place.is_empty() { "" } else { "." }, &name])
}
