//! A host whose calls fail: every status of the ABI, from every host call, in every
//! callback that makes the call. The table "Host calls" of docs/design.md says which
//! statuses the module survives. On every other status the SDK panics.

use std::collections::{BTreeMap, BTreeSet};

use super::event::{Event, Head, Outcome};
use super::plugin::Plugin;
use Event::{Configure, Delete, Headers, Now, Root, Stream, Tick, VmStart};

const DESIGN: &str = include_str!("../../docs/design.md");

/// The statuses of the ABI, by number.
const STATUSES: [&str; 13] = [
    "Ok",
    "NotFound",
    "BadArgument",
    "SerializationFailure",
    "ParseFailure",
    "BadExpression",
    "InvalidMemoryAccess",
    "Empty",
    "CasMismatch",
    "ResultMismatch",
    "InternalFailure",
    "BrokenConnection",
    "Unimplemented",
];
/// Numbers that are no status.
const UNKNOWN_STATUSES: [u32; 3] = [13, 255, u32::MAX];

/// 2026-11-24T02:00:00Z.
const START: u64 = 1_795_485_600;
const END: u64 = START + 7200;

const ON: &str = r#"{"enabled": true}"#;
const JITTER: &str = r#"{"enabled": true, "retryAfterJitterSeconds": 9}"#;
const NIGHT: &str = r#"{"enabled": true,
    "window": {"start": "2026-11-24T02:00:00Z", "end": "2026-11-24T04:00:00Z"}}"#;
/// A configuration with every field. The digest is that of `test`.
const EVERYTHING: &str = r#"{"enabled": true, "retryAfterSeconds": 30,
    "retryAfterJitterSeconds": 9,
    "window": {"end": "2026-11-24T04:00:00Z", "onEnd": "Extend"},
    "exemptions": [{"path": "/live"}, {"path": "/ready", "action": "Respond"}],
    "scope": {"hosts": ["a.example"]},
    "bypass": {"header": "x-token",
        "sha256": ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]},
    "response": {"html": "<h1>x</h1>", "corsOrigins": ["https://a.example"],
        "grpcRetryPushback": "RetryAfter"}}"#;

/// A sequence of events in a new VM.
struct Scenario {
    name: &'static str,
    events: Vec<Event>,
    /// A host call that fails throughout, with this status.
    failure: Option<(&'static str, u32)>,
}

fn scenarios() -> Vec<Scenario> {
    let scenario = |name, events: &[&[Event]]| Scenario {
        name,
        events: [&[Root(1), VmStart(1)], &events.concat()[..]].concat(),
        failure: None,
    };
    let everything = [
        &[Now(START), Configure(1, EVERYTHING)][..],
        &request(head("GET", "/orders", &[("accept", "text/html")])),
        &request(head("POST", "/a/b", &[("content-type", "application/grpc")])),
        &request(head("GET", "/live", &[])),
        &request(head("GET", "/ready", &[])),
        &request(head("GET", "/", &[("x-token", "test")])),
        &request(head("GET", "/", &[("x-token", "test"), ("x-token", "test")])),
        &request(head("GET", "/", &[(":authority", "b.example")])),
        &request(head(
            "OPTIONS",
            "/orders",
            &[
                ("origin", "https://a.example"),
                ("access-control-request-method", "PUT"),
                ("access-control-request-headers", "x-a"),
            ],
        )),
        &[Tick(1), Now(END)],
        &orders(),
        &[Tick(1), Delete(1)],
    ];
    let failing = |name, failure, configuration| Scenario {
        failure: Some(failure),
        ..scenario(name, &[&[Configure(1, configuration)], &orders(), &orders(), &[Delete(1)]])
    };
    vec![
        scenario("every field", &everything),
        scenario("on", &[&[Configure(1, ON)], &orders(), &[Tick(1), Delete(1)]]),
        scenario("counted by the end alone", &[&[Configure(1, ON)], &orders(), &[Delete(1)]]),
        scenario("off", &[&[Configure(1, "{}")], &orders(), &[Delete(1)]]),
        scenario("refused", &[&[Configure(1, ON), Configure(1, "{")], &orders(), &[Delete(1)]]),
        scenario(
            "a window from before its start to after its end",
            &[
                &[Now(START - 1), Configure(1, NIGHT)],
                &orders(),
                &[Now(START), Tick(1)],
                &orders(),
                &[Now(END), Tick(1)],
                &orders(),
                &[Delete(1)],
            ],
        ),
        scenario(
            "an old root context comes into force again",
            &[
                &[Configure(1, ON), Root(2), VmStart(2), Configure(2, "{}"), Delete(2)],
                &orders(),
                &[Delete(1)],
            ],
        ),
        failing("a reply that cannot be sent", ("send_local_response", 10), ON),
        failing("no random numbers", ("random_get", 58), JITTER),
    ]
}

/// The events of a request on root context 1.
fn request(head: Head) -> Vec<Event> {
    vec![Stream(10, 1), Headers(10, head), Delete(10)]
}

fn orders() -> Vec<Event> {
    request(head("GET", "/orders", &[]))
}

fn head(method: &str, path: &str, others: &[(&'static str, &str)]) -> Head {
    let own = [(":method", method), (":path", path), (":authority", "a.example")];
    // The module reads the first field of a name.
    let fields = others.iter().copied().chain(own);
    fields.map(|(name, value)| (name, value.as_bytes().to_vec())).collect()
}

/// Occurrence of a host call: its name in the ABI, and the callback that makes it.
type CallSite = (String, String);

#[test]
fn every_status_of_every_host_call_in_every_callback() {
    let mut survived: BTreeMap<CallSite, BTreeSet<&str>> = BTreeMap::new();
    let mut trapped = survived.clone();
    let mut cases = 0;
    for scenario in scenarios() {
        let undisturbed = scenario.run(None);
        assert!(!undisturbed.contains(&Outcome::Trapped), "{}", scenario.name);
        for (index, call) in scenario.calls() {
            let callback = scenario.events[index].callback().expect("a callback");
            let call_site = (abi_name(call), callback.to_owned());
            survived.entry(call_site.clone()).or_default().insert("Ok");
            for status in (1..=12).chain(UNKNOWN_STATUSES) {
                cases += 1;
                let outcomes = scenario.run(Some((index, call, status)));
                let list = if outcomes.last() == Some(&Outcome::Trapped) {
                    assert_eq!(outcomes.len(), index + 1, "a trap in another callback");
                    &mut trapped
                } else {
                    let case = format!("{}, event {index}: {call}: {status}", scenario.name);
                    assert_harmless(&scenario, index, call, &undisturbed, &outcomes, &case);
                    &mut survived
                };
                list.entry(call_site.clone()).or_default().insert(status_name(status));
            }
        }
    }
    println!("{cases} cases");
    for (call_site, statuses) in &trapped {
        let both: Vec<_> = statuses.intersection(&survived[call_site]).collect();
        assert!(both.is_empty(), "{call_site:?} traps on {both:?} in one scenario, not in another");
    }
    assert_eq!(documented(), survived, "docs/design.md, and what the module does");
}

impl Scenario {
    /// Outcome of each event, up to a trap. A failure is a host call that returns
    /// a status each time that the event of this index makes it.
    fn run(&self, failure: Option<(usize, &'static str, u32)>) -> Vec<Outcome> {
        let mut plugin = self.plugin();
        let mut outcomes = Vec::new();
        for (index, event) in self.events.iter().enumerate() {
            let failure = failure.filter(|(at, ..)| *at == index);
            plugin.host().failures.extend(failure.map(|(_, call, status)| (call, status)));
            let outcome = plugin.apply(event);
            outcomes.push(outcome);
            if let Some((_, call, _)) = failure {
                plugin.host().failures.remove(call);
            }
            if outcome == Outcome::Trapped {
                break;
            }
        }
        outcomes
    }

    /// The host calls of each event, without the call that fails throughout.
    fn calls(&self) -> BTreeSet<(usize, &'static str)> {
        let mut plugin = self.plugin();
        let mut calls = BTreeSet::new();
        for (index, event) in self.events.iter().enumerate() {
            plugin.apply(event);
            calls.extend(plugin.host().calls.iter().map(|call| (index, *call)));
        }
        calls.retain(|(_, call)| self.failure.is_none_or(|(failing, _)| failing != *call));
        calls
    }

    fn plugin(&self) -> Plugin {
        let mut plugin = Plugin::load();
        plugin.host().failures.extend(self.failure);
        plugin
    }

    /// The scenario with another event.
    fn with(&self, index: usize, event: Event) -> Self {
        let mut events = self.events.clone();
        events[index] = event;
        Self { events, ..*self }
    }
}

/// Asserts that a failure has only the consequences of the failed call: a configuration
/// that cannot be read is refused, a header that cannot be read is absent, and a
/// request whose reply cannot be sent is reset.
#[track_caller]
fn assert_harmless(
    scenario: &Scenario,
    index: usize,
    call: &str,
    undisturbed: &[Outcome],
    outcomes: &[Outcome],
    case: &str,
) {
    let mut expected = undisturbed.to_vec();
    match (&scenario.events[index], call) {
        (Configure(id, _), "get_buffer_bytes") => {
            expected = scenario.with(index, Configure(*id, "{")).run(None);
        }
        (Headers(id, head), _) if call.starts_with("get ") => {
            let mut head = head.clone();
            head.retain(|(name, _)| call.strip_prefix("get ") != Some(name));
            expected = scenario.with(index, Headers(*id, head)).run(None);
        }
        (_, "send_local_response") => expected[index] = Outcome::Reset,
        _ => {}
    }
    assert_eq!(outcomes, expected, "{case}");
    let is_passed = outcomes[index] == Outcome::Passed && undisturbed[index] != Outcome::Passed;
    assert!(!is_passed, "{case}: a request reaches the application because of the failure");
}

/// The table "Host calls" of docs/design.md.
fn documented() -> BTreeMap<CallSite, BTreeSet<&'static str>> {
    let section = DESIGN.split("### Host calls").nth(1).expect("the section");
    let section = section.split("\n### ").next().expect("the section");
    let mut table = BTreeMap::new();
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let mut columns = row.split('|').skip(1).map(quoted);
        let mut column = || columns.next().unwrap_or_else(|| panic!("a column in {row}"));
        let (calls, callbacks, mut statuses) = (column(), column(), column());
        if statuses == ["all"] {
            statuses = STATUSES.to_vec();
            statuses.push("unknown");
        }
        for callback in callbacks {
            let call_site = (calls[0].to_owned(), format!("proxy_{callback}"));
            table.insert(call_site, statuses.iter().copied().collect());
        }
    }
    table
}

/// The texts between backticks.
fn quoted(column: &str) -> Vec<&str> {
    column.split('`').skip(1).step_by(2).collect()
}

fn abi_name(call: &str) -> String {
    match call {
        "random_get" => call.into(),
        _ if call.starts_with("get ") => "proxy_get_header_map_value".into(),
        _ => format!("proxy_{call}"),
    }
}

fn status_name(status: u32) -> &'static str {
    STATUSES.get(status as usize).copied().unwrap_or("unknown")
}
