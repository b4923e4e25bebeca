//! The gauge and the counters.

use std::cell::{Cell, OnceCell};

use proxy_wasm::hostcalls;
use proxy_wasm::types::MetricType;

use crate::policy::Decision;

/// Counters, in the order of [`Counts`].
const COUNTERS: [&str; 6] = [
    "maintenance_rejected_requests_total",
    "maintenance_exempted_requests_total",
    "maintenance_bypassed_requests_total",
    "maintenance_out_of_scope_requests_total",
    "maintenance_dry_run_rejected_requests_total",
    "maintenance_dry_run_exempted_requests_total",
];

/// Identifiers of the metrics in Envoy.
#[derive(Clone, Copy)]
pub struct Metrics {
    active: Option<u32>,
    dry_run_active: Option<u32>,
    counters: [Option<u32>; COUNTERS.len()],
}

thread_local! {
    /// Envoy hands out a new identifier for each definition and keeps them all,
    /// so a VM defines its metrics once.
    static METRICS: OnceCell<Metrics> = const { OnceCell::new() };
}

impl Metrics {
    /// Returns the metrics of this VM.
    pub fn get() -> Self {
        METRICS.with(|metrics| *metrics.get_or_init(Self::define))
    }

    fn define() -> Self {
        let define = |kind, name| hostcalls::define_metric(kind, name).ok();
        Self {
            active: define(MetricType::Gauge, "maintenance_active"),
            dry_run_active: define(MetricType::Gauge, "maintenance_dry_run_active"),
            counters: COUNTERS.map(|name| define(MetricType::Counter, name)),
        }
    }

    /// Sets the gauges, which all VMs of the process share. The values are absolute,
    /// not a sum over VMs: a trial VM would add its share and never remove it.
    pub fn set_gauges(&self, is_active: bool, is_dry_run_active: bool) {
        let gauges = [(self.active, is_active), (self.dry_run_active, is_dry_run_active)];
        for (metric, value) in gauges {
            if let Some(metric) = metric {
                let _ = hostcalls::record_metric(metric, u64::from(value));
            }
        }
    }

    /// Adds `counts` to the counters and resets them.
    pub fn add(&self, counts: &Counts) {
        for (metric, count) in self.counters.iter().zip(&counts.0) {
            if let (Some(metric), gathered @ 1..) = (metric, count.take()) {
                let _ = hostcalls::increment_metric(*metric, gathered);
            }
        }
    }
}

/// Numbers of requests not yet added to the counters, in the order of
/// [`COUNTERS`].
#[derive(Default)]
pub struct Counts([Cell<i64>; COUNTERS.len()]);

impl Counts {
    /// Counts a request.
    pub fn add(&self, decision: Decision) {
        let [rejected, exempted, bypassed, out_of_scope, would_reject, would_exempt] = &self.0;
        let count = match decision {
            Decision::Pass => return,
            Decision::Reject => rejected,
            Decision::Forward | Decision::Respond => exempted,
            Decision::Bypass => bypassed,
            Decision::OutOfScope => out_of_scope,
            Decision::WouldReject => would_reject,
            Decision::WouldExempt => would_exempt,
        };
        count.set(count.get().saturating_add(1));
    }
}
