//! Finds the exemption of a request.

use super::{Action, Exemption, Exemptions, Methods, PathPattern};
use crate::path::{is_ambiguous, without_query};

/// The exemptions of a configuration by path, so that the time of a look-up
/// hardly grows with their number.
#[derive(Debug, Default)]
pub struct ExemptionIndex {
    exact_paths: Rules,
    prefixes: Rules,
    /// Length of the longest prefix, in bytes.
    longest_prefix: usize,
}

/// Rules in the order of their paths; of two rules for one path, the one listed
/// first comes first. A sorted `Vec`, because a `BTreeMap` adds 5 KB to the module.
#[derive(Debug, Default)]
struct Rules(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    path: Vec<u8>,
    methods: Methods,
    action: Action,
}

impl Rules {
    fn add(&mut self, rule: Rule) {
        let index = self.0.partition_point(|other| other.path <= rule.path);
        self.0.insert(index, rule);
    }

    /// The rules for exactly this path.
    fn get(&self, path: &[u8]) -> &[Rule] {
        let start = self.0.partition_point(|rule| rule.path.as_slice() < path);
        let rules = self.0.get(start..).unwrap_or_default();
        let count = rules.partition_point(|rule| rule.path == path);
        rules.get(..count).unwrap_or_default()
    }

    fn distinct_paths(&self) -> usize {
        self.0.chunk_by(|a, b| a.path == b.path).count()
    }
}

impl From<Exemptions> for ExemptionIndex {
    fn from(Exemptions(exemptions): Exemptions) -> Self {
        let mut index = Self::default();
        for Exemption { pattern, methods, action } in exemptions {
            let (rules, path) = match pattern {
                PathPattern::Exact(path) => (&mut index.exact_paths, path.into_bytes()),
                PathPattern::Prefix(prefix) => (&mut index.prefixes, prefix.into_bytes()),
            };
            rules.add(Rule { path, methods, action });
        }
        let lengths = index.prefixes.0.iter().map(|rule| rule.path.len());
        index.longest_prefix = lengths.max().unwrap_or_default();
        index
    }
}

impl ExemptionIndex {
    /// Returns the number of distinct paths and prefixes.
    #[must_use]
    pub fn distinct_paths(&self) -> usize {
        self.exact_paths.distinct_paths().saturating_add(self.prefixes.distinct_paths())
    }

    /// Returns the action for a request; `None` if it is not exempt. `method`
    /// is called at most once, and only if an exemption matches `path`.
    pub fn find(&self, path: &[u8], method: impl FnOnce() -> Option<Vec<u8>>) -> Option<Action> {
        let mut rules = self.rules_for(without_query(path)).peekable();
        rules.peek()?;
        let method = method()?;
        rules.find(|rule| rule.methods.contain(&method)).map(|rule| rule.action)
    }

    /// The rules whose path matches, the most specific first.
    fn rules_for(&self, path: &[u8]) -> impl Iterator<Item = &Rule> {
        self.exact_paths.get(path).iter().chain(self.prefixes_of(path))
    }

    /// The rules of the prefixes that match `path`, the longest prefix first.
    fn prefixes_of(&self, path: &[u8]) -> impl Iterator<Item = &Rule> {
        let longest = if self.longest_prefix > 1 && is_ambiguous(path) {
            1
        } else {
            self.longest_prefix.min(path.len())
        };
        (1..=longest)
            .rev()
            .filter_map(move |length| path.get(..length))
            .filter(|start| start.ends_with(b"/"))
            .flat_map(|start| self.prefixes.get(start))
    }
}
