//! Hostile requests: the module in the interpreter answers each like the policy that
//! is compiled for this machine, and never traps.

use std::cell::RefCell;

use maintenance_filter::policy::{Decision, Policy};
use maintenance_filter::reply::Reply;
use maintenance_filter::request::RequestHead;
use maintenance_filter::window::Stage::InForce;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use proptest::test_runner::{TestCaseError, TestRunner};

use super::event::{Event, Head, Outcome};
use super::host::{self, header_map};
use super::plugin::{Plugin, ROOT};

const STREAM: u32 = 1000;

/// Configurations that together have every field that reads a request.
const CONFIGURATIONS: [&str; 7] = [
    "{}",
    r#"{"enabled": true}"#,
    r#"{"enabled": true, "exemptions": [{"path": "/live", "methods": ["GET", "HEAD"]},
        {"path": "/ready", "action": "Respond"}, {"pathPrefix": "/static/"}]}"#,
    r#"{"enabled": true, "scope": {"hosts": ["*.example.com", "[::1]"],
        "pathPrefixes": ["/shop/", "/live/"]}}"#,
    // The digest of the token `test`.
    r#"{"enabled": true, "bypass": {"header": "x-token",
        "sha256": ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]}}"#,
    r#"{"enabled": true, "response": {"html": "<h1>x</h1>", "corsOrigins": ["https://a.example"],
        "grpcRetryPushback": "RetryAfter"}}"#,
    r#"{"enabled": true, "dryRun": true, "exemptions": [{"pathPrefix": "/"}],
        "response": {"html": "x", "corsOrigins": ["*"]}}"#,
];

/// Names of the headers that the filter reads, each with values that it understands.
const FIELDS: [(&str, &[&[u8]]); 9] = [
    (":method", &[b"GET", b"HEAD", b"POST", b"OPTIONS", b"CONNECT"]),
    (":path", &[b"/live", b"/ready", b"/static/a.js", b"/shop/1?a#b", b"*", b"/"]),
    (":authority", &[b"a.example.com", b"A.EXAMPLE.COM.:443", b"[::1]:80", b"b"]),
    ("accept", &[b"text/html", b"application/json, text/html;q=0.9", b"*/*"]),
    ("content-type", &[b"application/grpc", b"application/grpc-web+proto", b"text/html"]),
    ("origin", &[b"https://a.example", b"null"]),
    ("access-control-request-method", &[b"PUT", b"GET"]),
    ("access-control-request-headers", &[b"x-a, x-b", b"x-a"]),
    ("x-token", &[b"test", b"other"]),
];

/// A value that is missing, understood, damaged, arbitrary or huge.
fn value(understood: &'static [&'static [u8]]) -> impl Strategy<Value = Option<Vec<u8>>> {
    let bytes = |most| prop::collection::vec(any::<u8>(), 0..most);
    let damaged =
        (select(understood), any::<Index>(), bytes(4)).prop_map(|(value, index, bytes)| {
            let mut value = value.to_vec();
            let at = index.index(value.len() + 1);
            value.splice(at..at, bytes);
            value
        });
    let huge = (select(understood), 1..20_000_usize).prop_map(|(value, times)| value.repeat(times));
    prop_oneof![
        40 => Just(None),
        100 => select(understood).prop_map(|value| Some(value.to_vec())),
        40 => damaged.prop_map(Some),
        20 => bytes(64).prop_map(Some),
        1 => huge.prop_map(Some),
    ]
}

/// The head of a request. One header may occur twice.
fn head() -> impl Strategy<Value = Head> {
    let fields: Vec<_> = FIELDS
        .iter()
        .map(|(name, understood)| value(understood).prop_map(|value| value.map(|v| (*name, v))))
        .collect();
    (fields, any::<Index>(), any::<bool>()).prop_map(|(fields, index, is_doubled)| {
        let mut head: Head = fields.into_iter().flatten().collect();
        if is_doubled && !head.is_empty() {
            head.push(head[index.index(head.len())].clone());
        }
        head
    })
}

struct NativeHead<'a>(&'a Head);

impl RequestHead for NativeHead<'_> {
    fn header(&self, name: &str) -> Option<Vec<u8>> {
        self.0.iter().find(|(other, _)| *other == name).map(|(_, value)| value.clone())
    }

    fn occurrences(&self, name: &str) -> usize {
        self.0.iter().filter(|(other, _)| *other == name).count()
    }
}

/// A configuration in the interpreter, and the policy that the module must agree with.
struct Subject {
    plugin: Plugin,
    policy: Policy,
}

impl Subject {
    fn new(configuration: &str) -> Self {
        let policy = Policy::from_json(configuration.as_bytes()).expect("valid");
        Self { plugin: Plugin::configured(configuration), policy }
    }

    /// Fails unless the module treats a request as the policy decides.
    fn check(&mut self, head: &Head) -> Result<(), TestCaseError> {
        let outcome = self.send(head);
        let native = NativeHead(head);
        let decision = self.policy.decide(InForce, &native);
        let expected = match decision {
            Decision::Respond => Some(Reply::exempt()),
            Decision::Preflight => Some(self.policy.preflight_reply(&native)),
            Decision::Reject => {
                let retry_after = self.policy.retry_after(InForce, 0, |_| 0);
                Some(self.policy.rejection(&native, retry_after))
            }
            _ => None,
        };
        let host = self.plugin.host();
        let reply = host.reply.take();
        let expected = expected.map(|reply| as_sent(&reply));
        prop_assert_eq!(&reply, &expected, "{:?} of\n    {}", decision, shown(head));
        let is_passed = outcome == Outcome::Passed;
        prop_assert_eq!(is_passed, reply.is_none(), "{:?} of\n    {}", outcome, shown(head));
        if is_passed && self.policy.bypass.is_some() {
            let has_token = host.headers.iter().any(|(name, _)| name == b"x-token");
            prop_assert!(!has_token, "a token reaches the application:\n    {}", shown(head));
        }
        Ok(())
    }

    /// Makes all callbacks of a request.
    fn send(&mut self, head: &Head) -> Outcome {
        self.plugin.apply(&Event::Stream(STREAM, ROOT));
        let outcome = self.plugin.apply(&Event::Headers(STREAM, head.clone()));
        let reply = self.plugin.host().reply.take();
        self.plugin.apply(&Event::Delete(STREAM));
        self.plugin.host().reply = reply;
        outcome
    }
}

fn shown(head: &Head) -> String {
    let line = |(name, value): &(_, Vec<u8>)| format!("{name}: {}", value.escape_ascii());
    head.iter().map(line).collect::<Vec<_>>().join("\n    ")
}

/// The reply as the host gets it.
fn as_sent(reply: &Reply) -> host::Reply {
    host::Reply {
        status: reply.status,
        details: reply.details.into(),
        headers: header_map(&reply.headers),
        body: reply.body.as_bytes().into(),
    }
}

#[test]
fn the_module_answers_like_the_policy() {
    let subjects = RefCell::new(CONFIGURATIONS.map(Subject::new));
    proptest!(ProptestConfig::with_cases(5000), |(head in head())| {
        for subject in subjects.borrow_mut().iter_mut() {
            subject.check(&head)?;
        }
    });
}

#[test]
fn memory_does_not_grow_with_hostile_requests() {
    let mut random = TestRunner::deterministic();
    let mut heads = Vec::new();
    for _ in 0..300 {
        heads.push(head().new_tree(&mut random).expect("a head").current());
    }
    for configuration in CONFIGURATIONS {
        let mut subject = Subject::new(configuration);
        let mut memory_after = |rounds| {
            for head in heads.iter().cycle().take(heads.len() * rounds) {
                subject.send(head);
            }
            subject.plugin.memory()
        };
        let memory = memory_after(2);
        assert_eq!(memory_after(4), memory, "{configuration}");
    }
}
