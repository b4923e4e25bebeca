//! What to say of a field that nobody knows.

use alloc::string::String;
use core::array;

/// How a message says that `key` is none of the `known` fields, with the one
/// that was probably meant.
pub fn unknown(key: &str, known: &[&str]) -> String {
    let mut text = String::from("unknown field, ");
    if let Some(name) = nearest(key, known) {
        for part in ["did you mean ", name, "? Known here: "] {
            text.push_str(part);
        }
    } else {
        text.push_str("known here: ");
    }
    for (index, name) in known.iter().enumerate() {
        text.push_str(if index > 0 { ", " } else { "" });
        text.push_str(name);
    }
    text
}

/// The most similar name, if at most half of its letters differ.
fn nearest<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    let mut nearest: Option<(usize, &str)> = None;
    for name in known {
        let most = name.len() / 2;
        // The lengths differ by no more than the distance: a key of megabytes is not compared.
        if key.len().abs_diff(name.len()) > most {
            continue;
        }
        let distance = distance(key, name);
        if distance <= most && nearest.is_none_or(|(least, _)| distance < least) {
            nearest = Some((distance, name));
        }
    }
    nearest.map(|(_, name)| name)
}

/// Longer than every name of a field.
const MOST_LETTERS: usize = 32;

/// Levenshtein distance, in bytes, without regard to case.
fn distance(a: &str, b: &str) -> usize {
    let mut row: [usize; MOST_LETTERS] = array::from_fn(|i| i);
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
    row.get(b.len()).copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn distance_counts_insertions_deletions_and_substitutions() {
        assert_eq!(distance("", "body"), 4);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("flaw", "lawn"), 2);
        assert_eq!(distance("ENABLED", "enabled"), 0);
    }

    #[test]
    fn only_a_similar_name_is_suggested() {
        let known = ["path", "pathPrefix"];
        assert_eq!(nearest("paths", &known), Some("path"));
        assert_eq!(nearest("path_prefix", &known), Some("pathPrefix"));
        assert_eq!(nearest("ph", &known), Some("path"), "half of the letters");
        assert_eq!(nearest("pu", &known), None);
        assert_eq!(nearest("host", &known), None);
        assert_eq!(nearest(&"path".repeat(1_000_000), &known), None);
    }
}
