//! What maintenance leaves to see: a gauge, two counters and a log line for
//! each change of state. Nothing of a request is in any of them.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use proxy_wasm::hostcalls;
use proxy_wasm::types::{LogLevel, MetricType};

use super::host;
use crate::in_force::InForce;
use crate::noted::Noted;
use crate::policy::Policy;

/// How late the counters and the gauge may be.
const REPORT_PERIOD: Duration = Duration::from_secs(1);

/// How often to try to note a state while other VMs do the same.
const MOST_TRIES: usize = 16;

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
        let on = policy.is_enabled();
        let state = in_vm(|vm| (vm.configured(&self.plugin, root, on), vm.any()));
        let Some((generation, any)) = state else {
            return;
        };
        self.record(any);
        if on {
            let _ = hostcalls::set_tick_period(REPORT_PERIOD);
        }
        let summary = policy.summary();
        self.note(|noted| noted.configured(generation, &summary));
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
        if let Some((Some(generation), any)) = in_vm(|vm| (vm.gone(root), vm.any())) {
            self.record(any);
            self.note(|noted| noted.gone(generation));
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

    /// Puts what `next` makes of the noted state in its place, and logs it if
    /// it differs. At level warning, for that is what a sidecar shows as it comes.
    fn note(&self, next: impl Fn(&Noted) -> Option<Noted>) {
        let key = format!("maintenance state of {}", String::from_utf8_lossy(&self.plugin));
        for _ in 0..MOST_TRIES {
            let Ok((bytes, version)) = hostcalls::get_shared_data(&key) else {
                return;
            };
            let noted = Noted::from_bytes(bytes.as_deref());
            let Some(next) = next(&noted) else {
                return;
            };
            if hostcalls::set_shared_data(&key, Some(&next.to_bytes()), version).is_ok() {
                if let Some(line) = next.news(&noted) {
                    host::log(LogLevel::Warn, line);
                }
                return;
            }
        }
    }
}

/// `None` cannot happen: nothing here calls back into the module.
fn in_vm<T>(use_it: impl FnOnce(&mut InForce) -> T) -> Option<T> {
    IN_FORCE.with(|vm| vm.try_borrow_mut().ok().map(|mut vm| use_it(&mut vm)))
}
