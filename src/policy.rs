//! The decision about a request, from the plugin configuration alone.

mod summary;

use crate::bypass::Bypass;
use crate::config::PluginConfig;
use crate::error::Error;
use crate::exemption::{Action, Exemptions};
use crate::json;
use crate::reply::{Jitter, Reply, Response, RetryAfter};
use crate::request::RequestHead;
use crate::scope::Scope;
use crate::window::{Stage, Window};

/// Decision about a request.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Decision {
    /// Maintenance is not in force: the request goes on to the application.
    Pass,
    /// Maintenance does not apply: the request goes on to the application.
    OutOfScope,
    /// Exempt: the request goes on to the application.
    Forward,
    /// Exempt: the proxy answers with 200.
    Respond,
    /// Bypassed by a token: the request goes on to the application.
    Bypass,
    /// Dry run: the request is exempt, and goes on to the application in any case.
    WouldExempt,
    /// Dry run: the request goes on to the application instead of being rejected.
    WouldReject,
    /// Preflight of a request that would be rejected: the proxy answers it, so that
    /// the browser sends that request.
    Preflight,
    /// Not exempt: the proxy answers with the 503.
    Reject,
}

/// Effect of maintenance on requests.
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
    /// Mode while the window is in force.
    configured_mode: Mode,
    /// Time during which maintenance is in force. Without bounds while `enabled` is false.
    pub window: Window,
    retry_after: Option<RetryAfter>,
    jitter: Jitter,
    scope: Scope,
    exemptions: Exemptions,
    /// Tokens that let a request through. `None` while `enabled` is false.
    pub bypass: Option<Bypass>,
    response: Response,
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
        let configured_mode = match (config.enabled, config.dry_run) {
            (false, _) => Mode::Off,
            (true, true) => Mode::DryRun,
            (true, false) => Mode::On,
        };
        let is_enabled = configured_mode != Mode::Off;
        Self {
            configured_mode,
            window: if is_enabled { config.window } else { Window::default() },
            retry_after: config.retry_after_seconds,
            jitter: config.retry_after_jitter_seconds,
            scope: config.scope,
            exemptions: config.exemptions,
            bypass: config.bypass.filter(|_| is_enabled),
            response: config.response,
        }
    }

    /// Returns the mode in a stage of the window.
    #[must_use]
    #[inline]
    pub fn mode(&self, stage: Stage) -> Mode {
        match stage {
            Stage::InForce | Stage::Extended => self.configured_mode,
            Stage::Scheduled | Stage::Ended => Mode::Off,
        }
    }

    /// Returns whether maintenance is in force in `stage` or may come into force
    /// later without another configuration.
    #[must_use]
    pub fn is_pending_or_in_force(&self, stage: Stage) -> bool {
        self.configured_mode != Mode::Off && stage != Stage::Ended
    }

    /// Decides about one request in a stage of the window. Asks `head` for nothing
    /// while maintenance is not in force. Otherwise it asks for a header only if the
    /// decision depends on it: for the method only if the path matches an exemption,
    /// for the host only if the scope names hosts, for a token only if the request is
    /// not exempt.
    pub fn decide(&self, stage: Stage, head: &impl RequestHead) -> Decision {
        match self.mode(stage) {
            Mode::Off => Decision::Pass,
            Mode::On => self.decide_in_force(head),
            Mode::DryRun => match self.decide_in_force(head) {
                Decision::Forward | Decision::Respond => Decision::WouldExempt,
                Decision::Reject | Decision::Preflight => Decision::WouldReject,
                decision => decision,
            },
        }
    }

    fn decide_in_force(&self, head: &impl RequestHead) -> Decision {
        let path = head.header(":path");
        if !self.scope.contains(|| head.header(":authority"), path.as_deref()) {
            return Decision::OutOfScope;
        }
        let exemption = |method: &dyn Fn() -> Option<Vec<u8>>| {
            path.as_ref().and_then(|path| self.exemptions.find(path, method))
        };
        match exemption(&|| head.header(":method")) {
            Some(Action::Forward) => Decision::Forward,
            Some(Action::Respond) => Decision::Respond,
            None if self.is_bypassed(head) => Decision::Bypass,
            None => match self.response.preflight_method(head) {
                // If the request itself is exempt, only the application can permit it.
                Some(method) if exemption(&|| Some(method.clone().into_bytes())).is_none() => {
                    Decision::Preflight
                }
                _ => Decision::Reject,
            },
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

    /// Returns the 503 to a request.
    pub fn rejection(&self, head: &impl RequestHead, retry_after: RetryAfter) -> Reply {
        self.response.reply(head, retry_after)
    }

    /// Returns the reply to a preflight of a request that would be rejected.
    pub fn preflight_reply(&self, head: &impl RequestHead) -> Reply {
        self.response.preflight_reply(head)
    }

    /// Returns the 503 if it is the same for every request.
    #[must_use]
    pub fn fixed_rejection(&self) -> Option<Reply> {
        let is_fixed =
            self.window.end().is_none() && self.jitter.0 == 0 && self.response.is_fixed();
        is_fixed.then(|| self.rejection(&(), self.retry_after.unwrap_or_default()))
    }

    /// Returns the `Retry-After` of a 503 at `now`, in seconds since 1970: the time
    /// until the end of the window, but at most `retryAfterSeconds`. `random` returns
    /// a whole number from 0 to its argument.
    pub fn retry_after(
        &self,
        stage: Stage,
        now: u64,
        random: impl FnOnce(u32) -> u32,
    ) -> RetryAfter {
        let retry_after = match (stage, self.window.end()) {
            (Stage::InForce, Some(end)) => {
                let rest = RetryAfter::until(end.seconds, now);
                self.retry_after.map_or(rest, |most| most.min(rest))
            }
            _ => self.retry_after.unwrap_or_default(),
        };
        match self.jitter.0 {
            0 => retry_after,
            jitter => retry_after.plus(random(jitter)),
        }
    }
}

/// The policy of `{}`.
impl Default for Policy {
    fn default() -> Self {
        Self::new(PluginConfig::default())
    }
}
