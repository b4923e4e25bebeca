//! Scope: the requests that maintenance applies to, for a gateway that serves
//! several hosts or applications.
//!
//! 1. A request is in scope if its host and its path are.
//! 2. The host is `:authority` without its port and one trailing dot. Upper and
//!    lower case are the same.
//! 3. `*.example.com` matches `a.example.com` and `a.b.example.com`, but not
//!    `example.com`.
//! 4. A path is in scope if it begins with one of the prefixes.
//! 5. Every IPv6 address is in scope if the scope names one, because an address
//!    can be written in several ways.
//! 6. What is in doubt is in scope: a request without a host or a path, a host
//!    with user information, and a path that an upstream may read as another one.

use serde::{Deserialize, Deserializer};

use crate::error::Violation;
use crate::json;
use crate::limits::{MAX_HOST_BYTES, SCOPE_ENTRIES};
use crate::path::{PathPrefix, is_ambiguous, without_query};

/// The object `scope`: which requests maintenance applies to.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, expecting = "a JSON object", rename_all = "camelCase")]
pub struct Scope {
    /// Hosts, without port. `*.example.com` stands for every host below `example.com`.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Hosts"))]
    hosts: Option<Hosts>,
    /// Paths begin with one of these.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "PathPrefixes"))]
    path_prefixes: Option<PathPrefixes>,
}

impl Scope {
    /// Returns whether a request is in scope. `authority` is called only if the
    /// scope names hosts.
    pub fn contains(
        &self,
        authority: impl FnOnce() -> Option<Vec<u8>>,
        path: Option<&[u8]>,
    ) -> bool {
        let has_host = |Hosts(hosts): &Hosts| {
            authority().is_none_or(|authority| match host_of(&authority) {
                Some(host) => hosts.iter().any(|pattern| pattern.matches(host)),
                None => true,
            })
        };
        let has_path = |PathPrefixes(prefixes): &PathPrefixes| {
            path.is_none_or(|path| {
                let path = without_query(path);
                is_ambiguous(path) || prefixes.iter().any(|prefix| prefix.is_prefix_of(path))
            })
        };
        self.hosts.as_ref().is_none_or(has_host) && self.path_prefixes.as_ref().is_none_or(has_path)
    }
}

/// Returns the host of `:authority`; `None` if it is in doubt.
fn host_of(authority: &[u8]) -> Option<&[u8]> {
    if authority.is_empty() || authority.contains(&b'@') {
        return None;
    }
    if authority.starts_with(b"[") {
        return authority.split_inclusive(|byte| *byte == b']').next();
    }
    let host = authority.split(|byte| *byte == b':').next()?;
    Some(host.strip_suffix(b".").unwrap_or(host))
}

/// The list `scope.hosts`.
#[derive(Debug)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(extend("minItems" = SCOPE_ENTRIES.start(), "maxItems" = SCOPE_ENTRIES.end())))]
struct Hosts(Vec<HostPattern>);

impl<'de> Deserialize<'de> for Hosts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        json::list_of(deserializer, SCOPE_ENTRIES, "hosts").map(Self)
    }
}

/// The list `scope.pathPrefixes`.
#[derive(Debug)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(extend("minItems" = SCOPE_ENTRIES.start(), "maxItems" = SCOPE_ENTRIES.end())))]
struct PathPrefixes(Vec<PathPrefix>);

impl<'de> Deserialize<'de> for PathPrefixes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        json::list_of(deserializer, SCOPE_ENTRIES, "path prefixes").map(Self)
    }
}

/// A host, or `*.` and a host.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(extend("maxLength" = MAX_HOST_BYTES, "pattern" = HOST_PATTERN, "errorMessage" = HOST_RULE)))]
struct HostPattern(String);

const HOST_RULE: &str = "must be a host in lower case without a port, or \"*.\" and such a host";

#[cfg(not(target_arch = "wasm32"))]
const HOST_PATTERN: &str = r"^((\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])$";

impl HostPattern {
    fn matches(&self, host: &[u8]) -> bool {
        if self.0.starts_with('[') && host.starts_with(b"[") {
            return true;
        }
        match self.0.strip_prefix('*') {
            None => host.eq_ignore_ascii_case(self.0.as_bytes()),
            // The suffix begins with a dot, and a label comes before it.
            Some(suffix) => {
                let start = host.len().checked_sub(suffix.len());
                start.is_some_and(|start| start > 0)
                    && start
                        .and_then(|start| host.get(start..))
                        .is_some_and(|end| end.eq_ignore_ascii_case(suffix.as_bytes()))
            }
        }
    }
}

impl TryFrom<String> for HostPattern {
    type Error = Violation;

    fn try_from(text: String) -> Result<Self, Violation> {
        let is_label = |label: &str| {
            let is_allowed = |byte: u8| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
            };
            !label.is_empty() && label.bytes().all(is_allowed)
        };
        let is_address = |address: &str| {
            let is_allowed = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b':' | b'.');
            !address.is_empty() && address.bytes().all(is_allowed)
        };
        let is_host = match text.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']').is_some_and(is_address),
            None => text.strip_prefix("*.").unwrap_or(&text).split('.').all(is_label),
        };
        if is_host && text.len() <= MAX_HOST_BYTES {
            Ok(Self(text))
        } else {
            Err(Violation::of(HOST_RULE))
        }
    }
}
