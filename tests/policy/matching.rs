//! The policy against the naive rules, on many thousand requests.

use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::naive::{self, Exemption, Expected};
use crate::requests::{configuration, draft, exemptions};
use crate::support::{Head, policy};
use maintenance_filter::policy::Decision;

/// Lists of exemptions; each is tried with several requests.
const CASES: u32 = 10_000;
/// How often every interesting class must occur at the least: a third of what
/// the rarest does, so that chance alone never fails the test.
const OFTEN: u32 = 100;

#[derive(Default)]
struct Seen(BTreeMap<String, u32>);

impl Seen {
    fn note(&mut self, class: impl Into<String>, occurs: bool) {
        *self.0.entry(class.into()).or_default() += u32::from(occurs);
    }

    fn request(&mut self, exemptions: &[Exemption], path: &[u8], expected: &Expected) {
        for decision in [Decision::Forward, Decision::Respond, Decision::Reject] {
            self.note(format!("{decision:?}"), expected.decision == decision);
        }
        let rejected = expected.decision == Decision::Reject;
        self.note("rejected for its method", rejected && expected.path_matches);
        self.note(
            "another exemption after one for other methods",
            !rejected && expected.passed_over > 0,
        );
        self.note("a path in full and a prefix match", overlap(exemptions, path));
        self.note("two prefixes match", prefixes(exemptions, path) > 1);
        self.note("not UTF-8", str::from_utf8(path).is_err());
        self.note("a query", path.contains(&b'?'));
        self.note("a fragment", path.contains(&b'#'));
        self.note("an exempt path but for its case", is_near(exemptions, path));
        self.oddities(exemptions, path);
    }

    /// Those that alone keep a prefix from matching, and those in a query,
    /// which do not.
    fn oddities(&mut self, exemptions: &[Exemption], path: &[u8]) {
        let (path, query) = path.split_at(naive::before_query(path).len());
        let below = exemptions.iter().any(|e| e.is_prefix && path.starts_with(e.path.as_bytes()));
        let dots = naive::has_dot_segment(path);
        let present = naive::ODD.map(|odd| naive::contains(path, odd));
        let alone = present.iter().filter(|present| **present).count() + usize::from(dots) == 1;
        self.note("a dot segment alone below a prefix", dots && alone && below);
        for (odd, present) in naive::ODD.iter().zip(present) {
            let name = String::from_utf8_lossy(odd);
            self.note(format!("{name} alone below a prefix"), present && alone && below);
        }
        let odd_query = naive::may_be_read_as_another(query);
        let plain = !naive::may_be_read_as_another(path);
        self.note("an oddity in the query alone, below a prefix", odd_query && plain && below);
    }

    #[track_caller]
    fn assert_often(&self) {
        let rare: Vec<_> = self.0.iter().filter(|(_, times)| **times < OFTEN).collect();
        assert!(rare.is_empty(), "hardly tried: {rare:?} of {:?}", self.0);
    }
}

fn prefixes(exemptions: &[Exemption], path: &[u8]) -> usize {
    let mut paths: Vec<_> = exemptions
        .iter()
        .filter(|e| e.is_prefix && path.starts_with(e.path.as_bytes()))
        .map(|e| &e.path)
        .collect();
    paths.sort();
    paths.dedup();
    if naive::may_be_read_as_another(naive::before_query(path)) { 0 } else { paths.len() }
}

fn overlap(exemptions: &[Exemption], path: &[u8]) -> bool {
    let exact = exemptions.iter().any(|e| !e.is_prefix && e.path.as_bytes() == path);
    exact && prefixes(exemptions, path) > 0
}

fn is_near(exemptions: &[Exemption], path: &[u8]) -> bool {
    exemptions
        .iter()
        .any(|e| e.path.as_bytes().eq_ignore_ascii_case(path) && e.path.as_bytes() != path)
}

#[test]
fn the_policy_decides_as_the_rules_are_written() {
    let seen = RefCell::new(Seen::default());
    let strategy = (exemptions(), prop::collection::vec(draft(), 4));
    let mut runner = TestRunner::new(ProptestConfig::with_cases(CASES));
    let outcome = runner.run(&strategy, |(exemptions, drafts)| {
        let policy = policy(&configuration(&exemptions));
        for draft in drafts {
            let (method, path) = draft.request(&exemptions);
            let expected = naive::decide(&exemptions, &method, &path);
            seen.borrow_mut().request(&exemptions, &path, &expected);
            let head = Head::new(&method, &path);
            let request = format!("{} {}", method.escape_ascii(), path.escape_ascii());
            prop_assert_eq!(policy.decide(&head), expected.decision, "{}", request);
            let asked = (1, u32::from(expected.path_matches));
            prop_assert_eq!(head.asked(), asked, "{}", request);
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    seen.borrow().assert_often();
}
