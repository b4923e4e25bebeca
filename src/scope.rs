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
//!    Every path with a percent sign is: `/%73hop/` is `/shop/` to an upstream.

use serde::{Deserialize, Deserializer};

use crate::error::Error;
use crate::json;
use crate::limits::{MAX_HOST_BYTES, SCOPE_ENTRIES};
use crate::path::{PathPrefix, is_ambiguous, without_query};

/// The object `scope`: the requests that maintenance applies to.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, expecting = "a JSON object", rename_all = "camelCase")]
pub struct Scope {
    /// Hosts without a port. `*.example.com` stands for every host below `example.com`. Not
    /// for sidecars and waypoints: the caller chooses the host there. Absent: all hosts.
    #[serde(deserialize_with = "hosts")]
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("minItems" = SCOPE_ENTRIES.start(), "maxItems" = SCOPE_ENTRIES.end())))]
    hosts: Vec<HostPattern>,
    /// Beginnings of the paths. Absent: all paths.
    #[serde(deserialize_with = "path_prefixes")]
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("minItems" = SCOPE_ENTRIES.start(), "maxItems" = SCOPE_ENTRIES.end())))]
    path_prefixes: Vec<PathPrefix>,
}

impl Scope {
    /// Returns whether a request is in scope. `authority` is called only if the
    /// scope names hosts.
    pub fn contains(
        &self,
        authority: impl FnOnce() -> Option<Vec<u8>>,
        path: Option<&[u8]>,
    ) -> bool {
        (self.hosts.is_empty() || authority().is_none_or(|authority| self.has_host(authority)))
            && (self.path_prefixes.is_empty() || path.is_none_or(|path| self.has_path(path)))
    }

    fn has_host(&self, mut authority: Vec<u8>) -> bool {
        authority.make_ascii_lowercase();
        host_of(&authority)
            .is_none_or(|host| self.hosts.iter().any(|pattern| pattern.matches(host)))
    }

    fn has_path(&self, path: &[u8]) -> bool {
        let path = without_query(path);
        let is_in_doubt = is_ambiguous(path) || path.contains(&b'%');
        is_in_doubt || self.path_prefixes.iter().any(|prefix| prefix.matches(path))
    }
}

/// Returns the host of `:authority`; `None` if it is in doubt.
fn host_of(authority: &[u8]) -> Option<&[u8]> {
    if authority.contains(&b'@') {
        return None;
    }
    if authority.starts_with(b"[") {
        return authority.split_inclusive(|byte| *byte == b']').next();
    }
    let host = authority.split(|byte| *byte == b':').next()?;
    Some(host.strip_suffix(b".").unwrap_or(host)).filter(|host| !host.is_empty())
}

fn hosts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<HostPattern>, D::Error> {
    json::list(deserializer, SCOPE_ENTRIES, "hosts")
}

fn path_prefixes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PathPrefix>, D::Error> {
    json::list(deserializer, SCOPE_ENTRIES, "path prefixes")
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
    /// Returns whether the pattern matches `host`, which is in lower case.
    fn matches(&self, host: &[u8]) -> bool {
        if self.0.starts_with('[') && host.starts_with(b"[") {
            return true;
        }
        match self.0.strip_prefix('*') {
            None => host == self.0.as_bytes(),
            // The suffix begins with a dot, and a label comes before it.
            Some(suffix) => host.len() > suffix.len() && host.ends_with(suffix.as_bytes()),
        }
    }
}

impl TryFrom<String> for HostPattern {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        let is_label = |label: &str| {
            !label.is_empty()
                && label.bytes().all(|c| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
        };
        let is_address = |address: &str| {
            !address.is_empty()
                && address.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f' | b':' | b'.'))
        };
        let is_host = match text.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']').is_some_and(is_address),
            None => text.strip_prefix("*.").unwrap_or(&text).split('.').all(is_label),
        };
        if is_host && text.len() <= MAX_HOST_BYTES {
            Ok(Self(text))
        } else {
            Err(Error::new(HOST_RULE))
        }
    }
}
