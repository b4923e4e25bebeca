//! Reports whether maintenance is in force, by the gauges and the log, when a root
//! context comes into force or is removed.

use std::cell::RefCell;

use proxy_wasm::hostcalls;

use super::active::{ActivePlugins, Gauges};
use super::announcement::Announcement;
use super::metrics::Metrics;
use crate::policy::Policy;
use crate::window::Stage;

/// Attempts to announce a state while other VMs do the same.
const MAX_ATTEMPTS: usize = 16;

thread_local! {
    /// The plugins of this VM. Borrows never overlap: each lasts one statement, and
    /// Envoy calls back into a VM only for memory.
    static PLUGINS: RefCell<ActivePlugins> = const { RefCell::new(ActivePlugins::new()) };
}

/// Makes `root_context` the newest of `plugin`.
pub fn begin(plugin: &str, root_context: u32, policy: &Policy, stage: Stage) {
    let gauges = Gauges::new(policy, stage);
    let generation =
        PLUGINS.with_borrow_mut(|plugins| plugins.set_newest(plugin, root_context, gauges));
    report(plugin, generation, policy, stage);
}

/// Reports that the window of `root_context` has come to another stage.
pub fn enter_stage(plugin: &str, root_context: u32, policy: &Policy, stage: Stage) {
    let gauges = Gauges::new(policy, stage);
    let generation = PLUGINS.with_borrow_mut(|plugins| plugins.update(root_context, gauges));
    if let Some(generation) = generation {
        report(plugin, generation, policy, stage);
    }
}

fn report(plugin: &str, generation: usize, policy: &Policy, stage: Stage) {
    set_gauges();
    let (summary, version) = (policy.summary(stage), env!("CARGO_PKG_VERSION"));
    let line = format!("{summary} (maintenance-filter {version})");
    announce(plugin, |last| last.after_change(generation, stage, &line));
}

/// Returns whether `plugin` has no newest root context, although a stream begins
/// on an old one. Called for every request.
pub fn needs_resuming(plugin: &str) -> bool {
    PLUGINS.with_borrow(|plugins| !plugins.all_have_newest() && !plugins.has_newest(plugin))
}

/// Removes `root_context` of `plugin`.
pub fn end(plugin: &str, root_context: u32) {
    let generation = PLUGINS.with_borrow_mut(|plugins| plugins.remove(root_context));
    if let Some(generation) = generation {
        set_gauges();
        announce(plugin, |last| last.after_removal(generation));
    }
}

/// Sets the gauges to the state of this VM.
fn set_gauges() {
    Metrics::get().set_gauges(PLUGINS.with_borrow(ActivePlugins::gauges));
}

/// Sets the gauges again that are above 0. A VM with another version of the module
/// shares them, and may have cleared them.
pub fn repeat_gauges() {
    Metrics::get().repeat_gauges(PLUGINS.with_borrow(ActivePlugins::gauges));
}

/// Replaces the announcement of `plugin` by `next`, and logs a change. The
/// level is warning, because a sidecar prints only warnings and errors by default.
fn announce(plugin: &str, next: impl Fn(&Announcement) -> Option<Announcement>) {
    let key = format!("maintenance state of {plugin}");
    for _ in 0..MAX_ATTEMPTS {
        let Ok((bytes, version)) = hostcalls::get_shared_data(&key) else {
            return;
        };
        let last = Announcement::from_bytes(bytes.as_deref());
        let Some(next) = next(&last) else {
            return;
        };
        // Fails if another VM was faster since `get_shared_data`.
        if hostcalls::set_shared_data(&key, Some(&next.to_bytes()), version).is_ok() {
            if let Some(line) = next.log_line(&last) {
                log::warn!("{line}");
            }
            return;
        }
    }
}
