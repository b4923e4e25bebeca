//! Agreement of `docs/faults.md` with the suite.

use std::collections::BTreeSet;

use crate::Case;

/// Asserts that the table names every case, and no other.
pub fn assert_names(cases: &[(&'static str, Case)]) {
    let path = harness::repository().join("docs/faults.md");
    let text = std::fs::read_to_string(path).expect("the page");
    let rows = text.lines().filter(|line| line.starts_with("| "));
    let cells = rows.filter_map(|row| row.trim_end_matches('|').rsplit('|').next());
    let named: BTreeSet<&str> =
        cells.flat_map(|cell| cell.split('`')).filter(|word| word.contains("::")).collect();
    let expected: BTreeSet<&str> = cases.iter().map(|(name, _)| *name).collect();
    assert_eq!(named, expected);
}
