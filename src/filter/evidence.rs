//! What maintenance leaves to see: a gauge, two counters and a log line for
//! each change of state. Nothing of a request is in any of them.

use alloc::vec::Vec;
use core::mem;

use super::host::{self, Level, Metric};
use crate::in_force::InForce;
use crate::noted::Noted;
use crate::policy::Policy;

/// How late the counters and the gauge may be.
const REPORT_MILLISECONDS: u32 = 1000;

/// How often to try to note a state while other VMs do the same.
const MOST_TRIES: usize = 16;

/// Requests that the host has not been told of yet: to count there would cost
/// every request a call.
#[derive(Default)]
pub struct Counts {
    rejected: i64,
    exempted: i64,
}

impl Counts {
    pub fn rejected(&mut self) {
        self.rejected = self.rejected.saturating_add(1);
    }

    pub fn exempted(&mut self) {
        self.exempted = self.exempted.saturating_add(1);
    }
}

/// The metrics, defined once in each VM: Envoy keeps a new identifier for each
/// time.
#[derive(Clone, Copy)]
pub struct Metrics {
    active: Option<u32>,
    rejected: Option<u32>,
    exempted: Option<u32>,
}

impl Metrics {
    pub fn define() -> Self {
        Self {
            active: host::metric(Metric::Gauge, "maintenance_active"),
            rejected: host::metric(Metric::Counter, "maintenance_rejected_requests_total"),
            exempted: host::metric(Metric::Counter, "maintenance_exempted_requests_total"),
        }
    }
}

/// What one root context leaves, under the name of its plugin.
pub struct Evidence {
    plugin: Vec<u8>,
    metrics: Metrics,
}

impl Evidence {
    pub fn new(metrics: Metrics) -> Self {
        Self { plugin: host::property("plugin_name").unwrap_or_default(), metrics }
    }

    /// A root context came into force with `policy`.
    pub fn state(&self, root: u32, policy: &Policy, in_force: &mut InForce) {
        let on = policy.is_enabled();
        let generation = in_force.configured(&self.plugin, root, on);
        self.record(in_force.any());
        if on {
            host::tick_every(REPORT_MILLISECONDS);
        }
        let summary = policy.summary();
        self.note(&|noted| noted.configured(generation, &summary));
    }

    /// A root context with `policy` takes a stream: where the newest of its
    /// plugin is gone, Envoy has taken this one up again.
    pub fn resume(&self, root: u32, policy: &Policy, in_force: &mut InForce) {
        if in_force.is_vacant(&self.plugin) {
            self.state(root, policy, in_force);
        }
    }

    /// A root context with `policy` goes.
    pub fn withdraw(&self, root: u32, policy: &Policy, in_force: &mut InForce) {
        if policy.is_enabled() {
            // Envoy would have its timer run on.
            host::tick_every(0);
        }
        if let Some(generation) = in_force.gone(root) {
            self.record(in_force.any());
            self.note(&|noted| noted.gone(generation));
        }
    }

    /// Repeats the gauge while maintenance is in force: a VM of another module
    /// version shares it, and may have set it to 0.
    pub fn confirm(&self, in_force: &InForce) {
        if in_force.any() {
            self.record(true);
        }
    }

    /// Hands the counts over.
    pub fn add(&self, counts: &mut Counts) {
        let Metrics { rejected, exempted, .. } = self.metrics;
        let counters = [(rejected, &mut counts.rejected), (exempted, &mut counts.exempted)];
        for (metric, count) in counters {
            if let (Some(metric), 1..) = (metric, *count) {
                host::increment(metric, mem::take(count));
            }
        }
    }

    /// The gauge belongs to the process. Every VM sets it rather than adding
    /// its share: Envoy configures a trial VM that is never told to take back.
    fn record(&self, any: bool) {
        if let Some(metric) = self.metrics.active {
            host::record(metric, u64::from(any));
        }
    }

    /// Puts what `next` makes of the noted state in its place, and logs it if
    /// it differs. At level warning, for that is what a sidecar shows as it comes.
    fn note(&self, next: &dyn Fn(&Noted) -> Option<Noted>) {
        let mut key = Vec::from("maintenance state of ");
        key.extend_from_slice(&self.plugin);
        for _ in 0..MOST_TRIES {
            let Some((bytes, version)) = host::shared(&key) else {
                return;
            };
            let noted = Noted::from_bytes(bytes.as_deref());
            let Some(next) = next(&noted) else {
                return;
            };
            if host::set_shared(&key, &next.to_bytes(), version) {
                if let Some(line) = next.news(&noted) {
                    host::log(Level::Warning, line);
                }
                return;
            }
        }
    }
}
