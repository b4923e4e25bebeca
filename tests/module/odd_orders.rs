//! Callbacks in any order, with any context ids, while host calls fail. The SDK
//! panics on a context id that it does not know, or knows already: the table
//! "Callbacks" of docs/design.md. Nothing else traps.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;

use super::event::{Event, Outcome};
use super::plugin::Plugin;
use Event::{Configure, Delete, Headers, Now, Root, Stream, Tick, VmStart};

const VALID: [&str; 4] = [
    "{}",
    r#"{"enabled": true}"#,
    r#"{"enabled": true, "dryRun": true}"#,
    r#"{"enabled": true, "retryAfterJitterSeconds": 5, "response": {"html": "x"}}"#,
];
const INVALID: [&str; 2] = ["{", r#"{"enabled": 1}"#];

/// Failures that the module survives: the table "Host calls" of docs/design.md. Without
/// `get_property`: then a root context would change the name of its plugin, and only
/// the first name would lose its gauge.
const FAILURES: [(&str, u32); 8] = [
    ("get_buffer_bytes", 1),
    ("get :path", 1),
    ("get accept", 1),
    ("get_shared_data", 1),
    ("set_shared_data", 8),
    ("record_metric", 1),
    ("increment_metric", 2),
    ("random_get", 58),
];

/// Few ids, so that they meet. The SDK keeps root contexts and streams apart: both
/// may have the same id.
fn id() -> impl Strategy<Value = u32> {
    1..5_u32
}

fn event() -> impl Strategy<Value = Event> {
    let head = || vec![(":path", b"/orders".to_vec()), (":method", b"GET".to_vec())];
    prop_oneof![
        3 => id().prop_map(Root),
        1 => id().prop_map(VmStart),
        4 => (id(), select(&VALID[..])).prop_map(|(id, json)| Configure(id, json)),
        1 => (id(), select(&INVALID[..])).prop_map(|(id, json)| Configure(id, json)),
        6 => (id(), id()).prop_map(|(id, root)| Stream(id, root)),
        6 => id().prop_map(move |id| Headers(id, head())),
        3 => id().prop_map(Tick),
        3 => id().prop_map(Delete),
        1 => any::<u32>().prop_map(|seconds| Now(seconds.into())),
    ]
}

/// Expected state of the contexts of a VM. A context has `true` if maintenance is on
/// for its requests.
#[derive(Default)]
struct Model {
    roots: BTreeMap<u32, bool>,
    streams: BTreeMap<u32, bool>,
}

impl Model {
    /// Returns whether the SDK survives an event.
    fn is_known(&self, event: &Event) -> bool {
        match event {
            Root(id) => !self.roots.contains_key(id),
            Stream(id, root) => self.roots.contains_key(root) && !self.streams.contains_key(id),
            VmStart(id) | Configure(id, _) | Tick(id) => self.roots.contains_key(id),
            Headers(id, _) => self.streams.contains_key(id),
            Delete(id) => self.streams.contains_key(id) || self.roots.contains_key(id),
            Now(_) => true,
        }
    }

    fn apply(&mut self, event: &Event, is_readable: bool) -> Outcome {
        match event {
            Root(id) => {
                self.roots.insert(*id, false);
            }
            Stream(id, root) => {
                self.streams.insert(*id, self.roots[root]);
            }
            Configure(id, json) if VALID.contains(json) && is_readable => {
                let is_on = json.contains("true") && !json.contains("dryRun");
                self.roots.insert(*id, is_on);
                return Outcome::Accepted;
            }
            Configure(..) => return Outcome::Refused,
            Headers(id, _) if self.streams[id] => return Outcome::Answered(503),
            Headers(..) => return Outcome::Passed,
            // The SDK looks for a stream first.
            Delete(id) => {
                if self.streams.remove(id).is_none() {
                    self.roots.remove(id);
                }
            }
            VmStart(_) | Tick(_) | Now(_) => {}
        }
        Outcome::Done
    }
}

#[test]
fn callbacks_in_any_order_with_failing_host_calls() {
    let failure = prop::option::of(select(&FAILURES[..]));
    let events = prop::collection::vec((event(), failure), 0..60);
    proptest!(ProptestConfig::with_cases(3000), |(events in events)| {
        let mut plugin = Plugin::load();
        let mut model = Model::default();
        for (index, (event, failure)) in events.iter().enumerate() {
            let is_known = model.is_known(event);
            // A trap ends the VM, so it has to be the last event.
            if !is_known && index + 1 < events.len() {
                continue;
            }
            plugin.host().failures = failure.iter().copied().collect();
            let outcome = plugin.apply(event);
            if !is_known {
                prop_assert_eq!(outcome, Outcome::Trapped, "{:?}", event);
                return Ok(());
            }
            let is_readable = failure.is_none_or(|(call, _)| call != "get_buffer_bytes");
            prop_assert_eq!(outcome, model.apply(event, is_readable), "{:?}, {:?}", event, failure);
        }
        plugin.host().failures.clear();
        for id in model.roots.keys().chain(model.streams.keys()) {
            prop_assert_eq!(plugin.apply(&Delete(*id)), Outcome::Done);
        }
        // A new plugin sets the gauge, which then shows whether another one is left.
        plugin.apply(&Root(9));
        prop_assert_eq!(plugin.apply(&Configure(9, "{}")), Outcome::Accepted);
        prop_assert_eq!(plugin.host().metric("maintenance_active"), Some(0));
    });
}
