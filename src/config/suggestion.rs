//! What to say of a field that nobody knows.

/// How a message says that `key` is none of the `known` fields, with the one
/// that was probably meant.
pub fn unknown(key: &str, known: &[&str]) -> String {
    let all = known.join(", ");
    match nearest(key, known) {
        Some(name) => format!("unknown field, did you mean {name}? Known here: {all}"),
        None => format!("unknown field, known here: {all}"),
    }
}

/// The most similar name, if at most half of its letters differ.
fn nearest<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    known
        .iter()
        // The lengths differ by no more than the distance: a key of megabytes is not compared.
        .filter(|name| key.len().abs_diff(name.len()) <= name.len() / 2)
        .map(|name| (distance(key, name), *name))
        .filter(|(distance, name)| *distance <= name.len() / 2)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
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
