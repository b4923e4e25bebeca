//! Agreement of `docs/faults.md` with the suite.

use std::collections::BTreeSet;

use crate::Case;

/// Asserts that the page names every case, and no other.
pub fn assert_names(cases: &[(&'static str, Case)]) {
    let path = harness::repository().join("docs/faults.md");
    let text = std::fs::read_to_string(path).expect("the page");
    let named: BTreeSet<&str> = text.split('`').filter(|word| word.contains("::")).collect();
    let expected: BTreeSet<&str> = cases.iter().map(|(name, _)| *name).collect();
    assert_eq!(named, expected);
}
