//! Property test: the policy decides thousands of requests like the reference
//! implementation in [`naive`].

use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::naive::{self, Exemption, Expected};
use crate::requests::{configuration, draft, exemptions};
use crate::support::{Head, policy};
use maintenance_filter::policy::Decision;
use maintenance_filter::window::Stage::InForce;

/// Number of exemption lists. Each is tested with several requests.
const CASES: u32 = 10_000;
/// Minimum number of requests in every class. The rarest class occurs about three
/// times as often, so the test does not fail by chance.
const MIN_OCCURRENCES: u32 = 100;

/// Number of requests in every class of interest.
#[derive(Default)]
struct Coverage(BTreeMap<String, u32>);

impl Coverage {
    fn record(&mut self, class: impl Into<String>, occurs: bool) {
        *self.0.entry(class.into()).or_default() += u32::from(occurs);
    }

    fn record_request(&mut self, exemptions: &[Exemption], path: &[u8], expected: &Expected) {
        for decision in [Decision::Forward, Decision::Respond, Decision::Reject] {
            self.record(format!("{decision:?}"), expected.decision == decision);
        }
        let rejected = expected.decision == Decision::Reject;
        self.record("rejected because of its method", rejected && expected.path_matches);
        self.record(
            "exempt although another exemption was skipped for its methods",
            !rejected && expected.skipped > 0,
        );
        self.record("an exact path and a prefix match", exact_and_prefix_match(exemptions, path));
        self.record("two prefixes match", matching_prefixes(exemptions, path) > 1);
        self.record("not UTF-8", str::from_utf8(path).is_err());
        self.record("a query", path.contains(&b'?'));
        self.record("a fragment", path.contains(&b'#'));
        self.record("an exempt path in another case", differs_only_in_case(exemptions, path));
        self.record_ambiguity(exemptions, path);
    }

    /// Records ambiguous sequences that are the only reason why a prefix does not
    /// match, and ambiguous sequences in the query, which have no effect.
    fn record_ambiguity(&mut self, exemptions: &[Exemption], path: &[u8]) {
        let (path, query) = path.split_at(naive::before_query(path).len());
        let below = exemptions.iter().any(|e| e.is_prefix && path.starts_with(e.path.as_bytes()));
        let has_dot_segment = naive::has_dot_segment(path);
        let present = naive::AMBIGUOUS.map(|sequence| naive::contains(path, sequence));
        let count =
            present.iter().filter(|present| **present).count() + usize::from(has_dot_segment);
        let alone = count == 1;
        self.record("only a dot segment below a prefix", has_dot_segment && alone && below);
        for (sequence, present) in naive::AMBIGUOUS.iter().zip(present) {
            let name = String::from_utf8_lossy(sequence);
            self.record(format!("only {name} below a prefix"), present && alone && below);
        }
        let ambiguous_query = naive::is_ambiguous(query);
        let plain_path = !naive::is_ambiguous(path);
        self.record(
            "only the query is ambiguous below a prefix",
            ambiguous_query && plain_path && below,
        );
    }

    #[track_caller]
    fn assert_every_class_occurs(&self) {
        let rare: Vec<_> = self.0.iter().filter(|(_, count)| **count < MIN_OCCURRENCES).collect();
        assert!(rare.is_empty(), "too few requests in {rare:?} of {:?}", self.0);
    }
}

/// Number of different prefixes that match a path.
fn matching_prefixes(exemptions: &[Exemption], path: &[u8]) -> usize {
    let mut paths: Vec<_> = exemptions
        .iter()
        .filter(|e| e.is_prefix && path.starts_with(e.path.as_bytes()))
        .map(|e| &e.path)
        .collect();
    paths.sort();
    paths.dedup();
    if naive::is_ambiguous(naive::before_query(path)) { 0 } else { paths.len() }
}

fn exact_and_prefix_match(exemptions: &[Exemption], path: &[u8]) -> bool {
    let exact = exemptions.iter().any(|e| !e.is_prefix && e.path.as_bytes() == path);
    exact && matching_prefixes(exemptions, path) > 0
}

fn differs_only_in_case(exemptions: &[Exemption], path: &[u8]) -> bool {
    exemptions
        .iter()
        .any(|e| e.path.as_bytes().eq_ignore_ascii_case(path) && e.path.as_bytes() != path)
}

#[test]
fn the_policy_decides_like_the_reference_implementation() {
    let coverage = RefCell::new(Coverage::default());
    let strategy = (exemptions(), prop::collection::vec(draft(), 4));
    let mut runner = TestRunner::new(ProptestConfig::with_cases(CASES));
    let outcome = runner.run(&strategy, |(exemptions, drafts)| {
        let policy = policy(&configuration(&exemptions));
        for draft in drafts {
            let (method, path) = draft.request(&exemptions);
            let expected = naive::decide(&exemptions, &method, &path);
            coverage.borrow_mut().record_request(&exemptions, &path, &expected);
            let head = Head::new(&method, &path);
            let request = format!("{} {}", method.escape_ascii(), path.escape_ascii());
            prop_assert_eq!(policy.decide(InForce, &head), expected.decision, "{}", request);
            let reads = (1, u32::from(expected.path_matches));
            prop_assert_eq!(head.reads(), reads, "{}", request);
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    coverage.borrow().assert_every_class_occurs();
}
