//! What maintenance leaves to see: a gauge, two counters and a log line for
//! each change of state. Nothing of a request is in any of them.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use proxy_wasm::hostcalls;
use proxy_wasm::types::{LogLevel, MetricType};

use super::host;
use crate::in_force::InForce;
use crate::policy::Policy;

/// How late the counters and the gauge may be.
const REPORT_PERIOD: Duration = Duration::from_secs(1);

thread_local! {
    /// A VM has one thread, so this is the state of the VM.
    static IN_FORCE: RefCell<InForce> = RefCell::default();
}

/// Requests that the host has not been told of yet: to count there would cost
/// every request a call.
#[derive(Default)]
pub struct Counts {
    rejected: Cell<i64>,
    exempted: Cell<i64>,
}

impl Counts {
    pub fn rejected(&self) {
        self.rejected.set(self.rejected.get().saturating_add(1));
    }

    pub fn exempted(&self) {
        self.exempted.set(self.exempted.get().saturating_add(1));
    }
}

/// The metrics of one root context, and the name of its plugin.
pub struct Evidence {
    plugin: Vec<u8>,
    active: Option<u32>,
    rejected: Option<u32>,
    exempted: Option<u32>,
}

impl Evidence {
    pub fn new() -> Self {
        let counter = |name| hostcalls::define_metric(MetricType::Counter, name).ok();
        Self {
            plugin: hostcalls::get_property(vec!["plugin_name"]).ok().flatten().unwrap_or_default(),
            active: hostcalls::define_metric(MetricType::Gauge, "maintenance_active").ok(),
            rejected: counter("maintenance_rejected_requests_total"),
            exempted: counter("maintenance_exempted_requests_total"),
        }
    }

    /// A root context came into force with `policy`.
    pub fn state(&self, root: u32, policy: &Policy) {
        if let Some(any) = in_vm(|vm| {
            vm.configured(&self.plugin, root, policy.is_enabled());
            vm.any()
        }) {
            self.record(any);
        }
        if policy.is_enabled() {
            let _ = hostcalls::set_tick_period(REPORT_PERIOD);
        }
        self.announce(&policy.summary());
    }

    /// A root context with `policy` takes a stream: where the newest of its
    /// plugin is gone, Envoy has taken this one up again.
    pub fn resume(&self, root: u32, policy: &Policy) {
        if in_vm(|vm| vm.is_vacant(&self.plugin)) == Some(true) {
            self.state(root, policy);
        }
    }

    /// A root context goes.
    pub fn withdraw(&self, root: u32) {
        if let Some((true, any)) = in_vm(|vm| (vm.gone(root), vm.any())) {
            self.record(any);
            self.announce("maintenance is off: the plugin is gone");
        }
    }

    /// Repeats the gauge while maintenance is in force: a VM of another module
    /// version shares it, and may have set it to 0.
    pub fn confirm(&self) {
        if in_vm(|vm| vm.any()) == Some(true) {
            self.record(true);
        }
    }

    /// Hands the counts over.
    pub fn add(&self, counts: &Counts) {
        let counters = [(self.rejected, &counts.rejected), (self.exempted, &counts.exempted)];
        for (metric, count) in counters {
            if let (Some(metric), 1..) = (metric, count.get()) {
                let _ = hostcalls::increment_metric(metric, count.take());
            }
        }
    }

    /// The gauge belongs to the process. Every VM sets it rather than adding
    /// its share: Envoy configures a trial VM that is never told to take back.
    fn record(&self, any: bool) {
        if let Some(metric) = self.active {
            let _ = hostcalls::record_metric(metric, u64::from(any));
        }
    }

    /// Logs a state that is new to the process, once: the VMs share a note of
    /// the last one, and whoever changes it writes the line. At level warning,
    /// for that is what a sidecar shows by default.
    fn announce(&self, state: &str) {
        let key = format!("maintenance state of {}", String::from_utf8_lossy(&self.plugin));
        let Ok((known, version)) = hostcalls::get_shared_data(&key) else {
            return;
        };
        let off = |text: &[u8]| text.starts_with(b"maintenance is off");
        let known = known.as_deref().unwrap_or(b"maintenance is off");
        if known == state.as_bytes() || (off(known) && off(state.as_bytes())) {
            return;
        }
        if hostcalls::set_shared_data(&key, Some(state.as_bytes()), version).is_ok() {
            host::log(LogLevel::Warn, state);
        }
    }
}

/// `None` cannot happen: nothing here calls back into the module.
fn in_vm<T>(use_it: impl FnOnce(&mut InForce) -> T) -> Option<T> {
    IN_FORCE.with(|vm| vm.try_borrow_mut().ok().map(|mut vm| use_it(&mut vm)))
}
