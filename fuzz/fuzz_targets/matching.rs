//! Exemptions: the policy decides like the reference implementation.
//!
//! ```text
//! GET /live/a?b
//! GET,HEAD Respond /live/*
//! ```
//!
//! The first line is the request. Each further line is an exemption, and `*` at
//! the end of its path makes it a prefix.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use maintenance_filter::policy::Policy;
use maintenance_filter::window::Stage::InForce;
use maintenance_filter_fuzz::first_line;
use maintenance_filter_fuzz::naive::{self, Exemption};
use maintenance_filter_fuzz::support::Head;
use serde_json::{Value, json};

fuzz_target!(|input: &[u8]| -> Corpus { decide(input).map_or(Corpus::Reject, |()| Corpus::Keep) });

fn decide(input: &[u8]) -> Option<()> {
    let (request, lines) = first_line(input)?;
    let space = request.iter().position(|byte| *byte == b' ')?;
    let (method, path) = (&request[..space], &request[space + 1..]);
    let exemptions: Vec<Exemption> = lines.into_iter().map(exemption).collect::<Option<_>>()?;
    let entries: Vec<Value> = exemptions.iter().map(entry).collect();
    let config = json!({"enabled": true, "exemptions": entries}).to_string();
    let policy = Policy::from_json(config.as_bytes()).ok()?;

    let expected = naive::decide(&exemptions, method, path);
    let head = Head::new(method, path);
    let shown = format!("{} {} with {config}", method.escape_ascii(), path.escape_ascii());
    assert_eq!(policy.decide(InForce, &head), expected.decision, "{shown}");
    assert_eq!(head.reads(), (1, u32::from(expected.path_matches)), "{shown}");
    Some(())
}

fn exemption(line: &str) -> Option<Exemption> {
    let (methods, rest) = line.split_once(' ')?;
    let (action, path) = rest.split_once(' ')?;
    let prefix = path.strip_suffix('*');
    Some(Exemption {
        is_prefix: prefix.is_some(),
        path: prefix.unwrap_or(path).into(),
        methods: methods.split(',').map(String::from).collect(),
        responds: action == "Respond",
    })
}

fn entry(exemption: &Exemption) -> Value {
    let field = if exemption.is_prefix { "pathPrefix" } else { "path" };
    let action = if exemption.responds { "Respond" } else { "Forward" };
    json!({field: exemption.path, "methods": exemption.methods, "action": action})
}
