//! Bypass: the header that carries a token, and the tokens.
//!
//! ```text
//! token sent
//! X-Header-Of-The-Configuration
//! token accepted
//! another token accepted
//! ```
//!
//! The first line is split at tabs: each part is one occurrence of the header.

#![no_main]

use hmac_sha256::Hash;
use libfuzzer_sys::{Corpus, fuzz_target};
use maintenance_filter::header_name::OWNED_HEADER_NAMES;
use maintenance_filter::policy::{Decision, Policy};
use maintenance_filter::request::RequestHead;
use maintenance_filter::window::Stage::InForce;
use maintenance_filter_fuzz::{assert_schema_accepts, first_line};
use serde_json::json;

fuzz_target!(|input: &[u8]| -> Corpus { decide(input).map_or(Corpus::Reject, |()| Corpus::Keep) });

fn decide(input: &[u8]) -> Option<()> {
    let (sent, lines) = first_line(input)?;
    let (name, tokens) = lines.split_first()?;
    if tokens.is_empty() || tokens.len() > 8 {
        return None;
    }
    let digests: Vec<String> =
        tokens.iter().map(|token| hex(&Hash::hash(token.as_bytes()))).collect();
    let config = json!({"enabled": true, "bypass": {"header": name, "sha256": digests}});
    let policy = Policy::from_json(config.to_string().as_bytes());
    assert_eq!(policy.is_ok(), is_allowed(name), "{name:?}: {:?}", policy.err());
    if policy.is_ok() {
        assert_schema_accepts(&config);
    }

    let occurrences: Vec<&[u8]> = sent.split(|byte| *byte == b'\t').collect();
    let expected = match occurrences[..] {
        [token] if (1..=256).contains(&token.len()) => tokens.iter().any(|t| t.as_bytes() == token),
        _ => false,
    };
    let head = Head { name: name.to_ascii_lowercase(), occurrences };
    let decision = if expected { Decision::Bypass } else { Decision::Reject };
    assert_eq!(policy.ok()?.decide(InForce, &head), decision, "{config}");
    Some(())
}

fn is_allowed(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let is_reserved = ["authorization", "cookie", "host"].contains(&lower.as_str())
        || OWNED_HEADER_NAMES.contains(&lower.as_str());
    http::HeaderName::try_from(name).is_ok() && name.len() <= 256 && !is_reserved
}

fn hex(digest: &[u8]) -> String {
    digest.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

struct Head<'a> {
    name: String,
    occurrences: Vec<&'a [u8]>,
}

impl RequestHead for Head<'_> {
    fn header(&self, name: &str) -> Option<Vec<u8>> {
        match name {
            ":path" => Some(b"/".to_vec()),
            ":method" => Some(b"GET".to_vec()),
            _ if name == self.name => self.occurrences.first().map(|token| token.to_vec()),
            _ => None,
        }
    }

    fn occurrences(&self, name: &str) -> usize {
        if name == self.name { self.occurrences.len() } else { 0 }
    }
}
