//! The gauge and the counters.

use std::cell::{Cell, OnceCell};

use proxy_wasm::hostcalls;
use proxy_wasm::types::MetricType;

/// Identifiers of the metrics in Envoy.
#[derive(Clone, Copy)]
pub struct Metrics {
    active: Option<u32>,
    rejected: Option<u32>,
    exempted: Option<u32>,
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
            rejected: define(MetricType::Counter, "maintenance_rejected_requests_total"),
            exempted: define(MetricType::Counter, "maintenance_exempted_requests_total"),
        }
    }

    /// Sets the gauge. All VMs of the process share it, and each sets it rather
    /// than adding its part: Envoy also configures a trial VM that it never
    /// tells to take its part back.
    pub fn set_active(&self, is_active: bool) {
        if let Some(metric) = self.active {
            let _ = hostcalls::record_metric(metric, u64::from(is_active));
        }
    }

    /// Hands over what `counts` has gathered.
    pub fn add(&self, counts: &Counts) {
        let counters = [(self.rejected, &counts.rejected), (self.exempted, &counts.exempted)];
        for (metric, count) in counters {
            if let (Some(metric), gathered @ 1..) = (metric, count.take()) {
                let _ = hostcalls::increment_metric(metric, gathered);
            }
        }
    }
}

/// Numbers of requests that Envoy has not been told of yet.
#[derive(Default)]
pub struct Counts {
    pub rejected: Cell<i64>,
    pub exempted: Cell<i64>,
}

/// Adds a request to one of the [`Counts`].
pub fn increment(count: &Cell<i64>) {
    count.set(count.get().saturating_add(1));
}
