//! Decides what happens to a request, from the plugin configuration alone.

use crate::config::PluginConfig;
use crate::error::Error;
use crate::exemption::{Action, ExemptionIndex};
use crate::json;
use crate::reply::{Reply, RetryAfter};

/// The parts of a request that a decision may need. Each is a call to the
/// proxy, so the policy asks for as few as it can.
pub trait RequestHead {
    /// Returns `:path`, as the client sent it. `CONNECT` has none.
    fn path(&self) -> Option<Vec<u8>>;
    /// Returns `:method`.
    fn method(&self) -> Option<Vec<u8>>;
}

/// What happens to a request.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Decision {
    /// No maintenance: the filter does nothing.
    Pass,
    /// Exempt: the request goes on to the application.
    Forward,
    /// Exempt: the proxy answers with [`Policy::exempt_reply`].
    Respond,
    /// Not exempt: the proxy answers with [`Policy::rejection`].
    Reject,
}

/// A valid plugin configuration, ready to decide.
#[derive(Debug)]
pub struct Policy {
    is_enabled: bool,
    retry_after: RetryAfter,
    exemptions: ExemptionIndex,
    /// Reply to a request that is not exempt.
    pub rejection: Reply,
    /// Reply to an exempt request that the proxy answers.
    pub exempt_reply: Reply,
}

impl Policy {
    /// Reads a plugin configuration. No bytes mean `{}`. Every field must be
    /// valid, also while `enabled` is false.
    ///
    /// # Errors
    /// The first value that is not allowed.
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        json::read(if json.is_empty() { b"{}" } else { json }).map(Self::new)
    }

    fn new(config: PluginConfig) -> Self {
        Self {
            is_enabled: config.enabled,
            retry_after: config.retry_after_seconds,
            exemptions: config.exemptions.into(),
            rejection: Reply::maintenance(config.retry_after_seconds, config.response),
            exempt_reply: Reply::exempt(),
        }
    }

    /// Returns whether maintenance is in force.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.is_enabled
    }

    /// Returns the state, as the log says it.
    #[must_use]
    pub fn summary(&self) -> String {
        if !self.is_enabled {
            return "maintenance is off".into();
        }
        let paths = self.exemptions.distinct_paths();
        format!("maintenance is on: Retry-After {} s, exempt paths {paths}", self.retry_after)
    }

    /// Decides about one request. A disabled policy asks `head` for nothing. An
    /// enabled one asks for the path, and for the method only if the path
    /// matches an exemption.
    pub fn decide(&self, head: &impl RequestHead) -> Decision {
        if !self.is_enabled {
            return Decision::Pass;
        }
        let action = head.path().and_then(|path| self.exemptions.find(&path, || head.method()));
        match action {
            Some(Action::Forward) => Decision::Forward,
            Some(Action::Respond) => Decision::Respond,
            None => Decision::Reject,
        }
    }
}

/// The policy of `{}`.
impl Default for Policy {
    fn default() -> Self {
        Self::new(PluginConfig::default())
    }
}
