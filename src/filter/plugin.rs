//! An accepted plugin configuration in one VM, from the call that configures it to
//! its removal.

use std::cell::Cell;
use std::time::Duration;

use proxy_wasm::hostcalls;

use super::local_reply::LocalReply;
use super::metrics::{Counts, Metrics};
use super::{clock, random, reporting};
use crate::policy::Policy;
use crate::reply::{Reply, RetryAfter};
use crate::window::Stage;

/// Interval at which the counters and gauges are updated, and the start of a window
/// is looked for.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// Interval that stops a timer.
const NEVER: Duration = Duration::ZERO;

/// An accepted configuration, shared by the root context and the streams that it
/// applies to.
pub struct Plugin {
    pub name: String,
    root_context: u32,
    pub policy: Policy,
    /// Stage of the window. It never goes back.
    stage: Cell<Stage>,
    /// Stage that the gauges and the log show.
    reported: Cell<Stage>,
    /// The 503, if it is the same for every request.
    pub fixed_rejection: Option<LocalReply>,
    pub exempt_reply: LocalReply,
    pub counts: Counts,
}

impl Plugin {
    pub fn new(name: String, root_context: u32, policy: Policy) -> Self {
        let stage = policy.window.stage_at(now(&policy));
        Self {
            name,
            root_context,
            stage: Cell::new(stage),
            reported: Cell::new(stage),
            fixed_rejection: policy.fixed_rejection().map(LocalReply::from),
            exempt_reply: Reply::exempt().into(),
            policy,
            counts: Counts::default(),
        }
    }

    /// Puts the configuration into force.
    pub fn begin(&self) {
        let stage = self.stage.get();
        self.reported.set(stage);
        reporting::begin(&self.name, self.root_context, &self.policy, stage);
        if self.policy.is_pending_or_in_force(stage) {
            set_timer(REPORT_INTERVAL);
        }
    }

    /// Returns whether a request that begins now may be rejected, counted or changed.
    pub fn concerns_requests(&self) -> bool {
        self.policy.is_pending_or_in_force(self.stage.get()) || self.policy.bypass.is_some()
    }

    /// Returns the stage for a request, and the time in seconds since 1970. The end
    /// of a window is exact: until then, each request reads the clock. The time
    /// is 0 if the window has no end to check.
    #[inline]
    pub fn stage(&self) -> (Stage, u64) {
        let stage = self.stage.get();
        if stage != Stage::InForce || self.policy.window.end().is_none() {
            return (stage, 0);
        }
        let now = clock::seconds();
        (self.advance(now), now)
    }

    /// Returns the `Retry-After` of a 503.
    pub fn retry_after(&self, stage: Stage, now: u64) -> RetryAfter {
        self.policy.retry_after(stage, now, |most| random::up_to(most, self.root_context))
    }

    /// Hands the counts over to Envoy and reports the state. Runs once a second.
    pub fn on_tick(&self) {
        Metrics::get().add(&self.counts);
        let stage = self.advance(now(&self.policy));
        if stage == self.reported.replace(stage) {
            reporting::repeat_gauges();
        } else {
            reporting::enter_stage(&self.name, self.root_context, &self.policy, stage);
        }
        if !self.policy.is_pending_or_in_force(stage) {
            set_timer(NEVER);
        }
    }

    fn advance(&self, now: u64) -> Stage {
        let stage = self.stage.get().max(self.policy.window.stage_at(now));
        self.stage.set(stage);
        stage
    }

    /// Removes the configuration.
    pub fn end(&self) {
        Metrics::get().add(&self.counts);
        if self.policy.is_pending_or_in_force(self.reported.get()) {
            // Envoy keeps the timer of a deleted root context running.
            set_timer(NEVER);
        }
        reporting::end(&self.name, self.root_context);
    }
}

/// Returns the time in seconds since 1970; 0 if the policy does not depend on it.
fn now(policy: &Policy) -> u64 {
    if policy.window.is_bounded() { clock::seconds() } else { 0 }
}

fn set_timer(interval: Duration) {
    // `Err` is never returned: the SDK panics on a failure, and Envoy has none.
    let _ = hostcalls::set_tick_period(interval);
}
