//! The look-up of a request's path among the exemptions.

use alloc::vec::Vec;
use core::cmp::Ordering;
use core::mem;

use super::{Action, Methods, PathPattern};

/// One exemption.
#[derive(Debug)]
struct Rule {
    path: Vec<u8>,
    methods: Methods,
    action: Action,
}

/// The exemptions of a configuration, sorted so that the time a request takes
/// grows with the logarithm of their number.
#[derive(Debug, Default)]
pub struct Exemptions {
    exact: Vec<Rule>,
    prefixes: Vec<Rule>,
    longest_prefix: usize,
    distinct_paths: usize,
}

impl Exemptions {
    /// Adds an exemption behind those that are there.
    pub fn add(&mut self, pattern: PathPattern, methods: Methods, action: Action) {
        let (rules, path) = match pattern {
            PathPattern::Exact(path) => (&mut self.exact, path),
            PathPattern::Prefix(path) => {
                self.longest_prefix = self.longest_prefix.max(path.len());
                (&mut self.prefixes, path)
            }
        };
        if rules_of(rules, &path).is_empty() {
            self.distinct_paths = self.distinct_paths.saturating_add(1);
        }
        let at = rules.partition_point(|rule| order(&rule.path, &path).is_le());
        let mut carried = Rule { path, methods, action };
        for rule in rules.iter_mut().skip(at) {
            mem::swap(rule, &mut carried);
        }
        rules.push(carried);
    }

    /// How many distinct paths and prefixes are exempt.
    #[must_use]
    pub fn distinct_paths(&self) -> usize {
        self.distinct_paths
    }

    /// What the exemptions say of a request, `None` for one that is not exempt.
    /// `method` is called at most once, and only if the path matches.
    pub fn find(&self, path: &[u8], method: impl FnOnce() -> Option<Vec<u8>>) -> Option<Action> {
        let path = without_query(path);
        let exact = rules_of(&self.exact, path);
        let mut prefix = self
            .longest_prefix(path.get(..self.longest_prefix).unwrap_or(path))
            .filter(|_| !is_ambiguous(path));
        if exact.is_empty() && prefix.is_none() {
            return None;
        }
        let method = method()?;
        let mut action = action_for(exact, &method);
        while let (None, Some((shorter, rules))) = (action, prefix) {
            action = action_for(rules, &method);
            prefix = self.longest_prefix(shorter);
        }
        action
    }

    /// The rules of the longest prefix of `path`, and where to look for the
    /// next one. All end with a slash, so only as many look-ups are due as
    /// `path` has slashes.
    fn longest_prefix<'p>(&self, mut path: &'p [u8]) -> Option<(&'p [u8], &[Rule])> {
        while let Some((last, shorter)) = path.split_last() {
            if *last == b'/' {
                let rules = rules_of(&self.prefixes, path);
                if !rules.is_empty() {
                    return Some((shorter, rules));
                }
            }
            path = shorter;
        }
        None
    }
}

/// Of the paths of one length, most differ: to compare the lengths first saves
/// most comparisons of bytes.
fn order(a: &[u8], b: &[u8]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// The rules of exactly this path, in the order listed.
fn rules_of<'a>(rules: &'a [Rule], path: &[u8]) -> &'a [Rule] {
    let start = rules.partition_point(|rule| order(&rule.path, path).is_lt());
    let rules = rules.get(start..).unwrap_or_default();
    let count = rules.iter().take_while(|rule| rule.path == path).count();
    rules.get(..count).unwrap_or_default()
}

/// What the first rule for `method` says.
fn action_for(rules: &[Rule], method: &[u8]) -> Option<Action> {
    rules.iter().find(|rule| rule.methods.contain(method)).map(|rule| rule.action)
}

fn without_query(path: &[u8]) -> &[u8] {
    let end = path.iter().position(|byte| matches!(byte, b'?' | b'#'));
    end.and_then(|end| path.get(..end)).unwrap_or(path)
}

/// Whether an upstream may take `path`, which begins with a slash, for another one.
fn is_ambiguous(mut path: &[u8]) -> bool {
    loop {
        match path {
            [] => return false,
            [b'\\' | b';', ..]
            | [b'/', b'/', ..]
            | [b'/', b'.']
            | [b'/', b'.', b'/', ..]
            | [b'/', b'.', b'.']
            | [b'/', b'.', b'.', b'/', ..]
            | [b'%', b'2', b'e' | b'E' | b'f' | b'F', ..]
            | [b'%', b'5', b'c' | b'C', ..] => return true,
            [_, rest @ ..] => path = rest,
        }
    }
}
