//! The gauges and the counters.

use std::cell::{Cell, OnceCell};

use proxy_wasm::hostcalls;
use proxy_wasm::types::MetricType;

use super::active::Gauges;
use crate::policy::Decision;

/// Gauges, in the order of [`Gauges::values`].
const GAUGES: [&str; 4] = [
    "maintenance_active",
    "maintenance_dry_run_active",
    "maintenance_window_start_timestamp_seconds",
    "maintenance_window_end_timestamp_seconds",
];

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
    gauges: [Option<u32>; GAUGES.len()],
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
            gauges: GAUGES.map(|name| define(MetricType::Gauge, name)),
            counters: COUNTERS.map(|name| define(MetricType::Counter, name)),
        }
    }

    /// Sets the gauges, which all VMs of the process share. The values are absolute,
    /// not a sum over VMs: a trial VM would add its share and never remove it.
    pub fn set_gauges(&self, gauges: Gauges) {
        self.record(gauges.values(), 0);
    }

    /// Sets the gauges that are above 0 in this VM. A gauge that is 0 here may be above 0
    /// in another VM, so a 0 is not repeated.
    pub fn repeat_gauges(&self, gauges: Gauges) {
        self.record(gauges.values(), 1);
    }

    /// Records the values that are at least `least`.
    fn record(&self, values: [u64; GAUGES.len()], least: u64) {
        for (gauge, value) in self.gauges.iter().zip(values) {
            if let Some(gauge) = gauge.filter(|_| value >= least) {
                let _ = hostcalls::record_metric(gauge, value);
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
            Decision::Reject | Decision::Preflight => rejected,
            Decision::Forward | Decision::Respond => exempted,
            Decision::Bypass => bypassed,
            Decision::OutOfScope => out_of_scope,
            Decision::WouldReject => would_reject,
            Decision::WouldExempt => would_exempt,
        };
        count.set(count.get().saturating_add(1));
    }
}
