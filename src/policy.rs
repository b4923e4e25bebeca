//! Decides what happens to a request, from the plugin configuration alone.

use crate::bypass::Bypass;
use crate::config::PluginConfig;
use crate::error::Error;
use crate::exemption::{Action, ExemptionIndex};
use crate::json;
use crate::reply::{Reply, RetryAfter};
use crate::scope::Scope;

/// The head of a request.
pub trait RequestHead {
    /// Returns the value of a header, `:method`, `:path` or `:authority`. Each
    /// is a call to the proxy, so the policy asks for as few as it can.
    /// Of a header that occurs more than once, it is one of the values.
    fn header(&self, name: &str) -> Option<Vec<u8>>;

    /// Returns how many times a header occurs. Costs a copy of all headers.
    fn occurrences(&self, name: &str) -> usize;
}

/// What happens to a request.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Decision {
    /// No maintenance: the filter does nothing.
    Pass,
    /// Maintenance does not apply: the request goes on to the application.
    OutOfScope,
    /// Exempt: the request goes on to the application.
    Forward,
    /// Exempt: the proxy answers with [`Policy::exempt_reply`].
    Respond,
    /// Bypassed by a token: the request goes on to the application.
    Bypass,
    /// Dry run: the request is exempt, and goes on to the application in any case.
    WouldExempt,
    /// Dry run: the request goes on to the application instead of being rejected.
    WouldReject,
    /// Not exempt: the proxy answers with [`Policy::rejection`].
    Reject,
}

/// Whether maintenance is in force.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mode {
    /// Maintenance is off.
    Off,
    /// Maintenance is off, but requests are counted as if it were on.
    DryRun,
    /// Maintenance is on.
    On,
}

/// A valid plugin configuration, ready to decide.
#[derive(Debug)]
pub struct Policy {
    /// Whether maintenance is in force.
    pub mode: Mode,
    retry_after: RetryAfter,
    scope: Scope,
    exemptions: ExemptionIndex,
    /// Who is let through.
    pub bypass: Option<Bypass>,
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
            mode: match (config.enabled, config.dry_run) {
                (false, _) => Mode::Off,
                (true, true) => Mode::DryRun,
                (true, false) => Mode::On,
            },
            retry_after: config.retry_after_seconds,
            scope: config.scope,
            bypass: config.bypass,
            exemptions: config.exemptions.into(),
            rejection: Reply::maintenance(config.retry_after_seconds, config.response),
            exempt_reply: Reply::exempt(),
        }
    }

    /// Returns the state as one log line.
    #[must_use]
    pub fn summary(&self) -> String {
        let state = match self.mode {
            Mode::Off => return "maintenance is off".into(),
            Mode::DryRun => "in dry run",
            Mode::On => "on",
        };
        let (retry_after, paths) = (self.retry_after, self.exemptions.distinct_paths());
        let tokens = self.bypass.as_ref().map(Bypass::token_count);
        let tokens = tokens.map(|count| format!(", bypass tokens {count}")).unwrap_or_default();
        format!("maintenance is {state}: Retry-After {retry_after} s, exempt paths {paths}{tokens}")
    }

    /// Decides about one request. A disabled policy asks `head` for nothing. An
    /// enabled one asks for a header only if the decision depends on it: for the
    /// method only if the path matches an exemption, for the host only if the
    /// scope names hosts, for a token only if the request is not exempt.
    pub fn decide(&self, head: &impl RequestHead) -> Decision {
        match self.mode {
            Mode::Off => Decision::Pass,
            Mode::On => self.decide_in_force(head),
            Mode::DryRun => match self.decide_in_force(head) {
                Decision::Forward | Decision::Respond => Decision::WouldExempt,
                Decision::Reject => Decision::WouldReject,
                passing => passing,
            },
        }
    }

    fn decide_in_force(&self, head: &impl RequestHead) -> Decision {
        let path = head.header(":path");
        if !self.scope.contains(|| head.header(":authority"), path.as_deref()) {
            return Decision::OutOfScope;
        }
        let method = || head.header(":method");
        match path.and_then(|path| self.exemptions.find(&path, method)) {
            Some(Action::Forward) => Decision::Forward,
            Some(Action::Respond) => Decision::Respond,
            None if self.is_bypassed(head) => Decision::Bypass,
            None => Decision::Reject,
        }
    }

    /// Returns whether the request carries a token, and carries it once. A header
    /// that occurs twice may come from a client and from a proxy in front.
    fn is_bypassed(&self, head: &impl RequestHead) -> bool {
        let Some(bypass) = &self.bypass else {
            return false;
        };
        let name = bypass.header();
        head.header(name).is_some_and(|token| bypass.accepts(&token)) && head.occurrences(name) == 1
    }
}

/// The policy of `{}`.
impl Default for Policy {
    fn default() -> Self {
        Self::new(PluginConfig::default())
    }
}
