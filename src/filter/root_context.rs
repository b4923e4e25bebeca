//! The root context: one plugin configuration in one VM.

use std::rc::Rc;
use std::time::Duration;

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{BufferType, ContextType, LogLevel};

use super::http_context::MaintenanceStream;
use super::local_reply::HeaderMap;
use super::metrics::{Counts, Metrics};
use super::state;
use crate::error::Error;
use crate::policy::{Mode, Policy};

/// Interval at which the counters and gauges are updated.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// Interval that stops a timer.
const NEVER: Duration = Duration::ZERO;

proxy_wasm::main! {{
    // A sidecar prints warnings and errors of its plugins by default.
    proxy_wasm::set_log_level(LogLevel::Warn);
    proxy_wasm::set_root_context(|id| Box::new(MaintenanceRoot::new(id)));
}}

/// A root context.
pub struct MaintenanceRoot {
    id: u32,
    /// `None` until a configuration is accepted.
    plugin: Option<Rc<Plugin>>,
}

/// An accepted configuration, shared with the streams that it applies to.
pub struct Plugin {
    name: String,
    pub policy: Policy,
    pub rejection_headers: HeaderMap,
    pub exempt_reply_headers: HeaderMap,
    pub counts: Counts,
}

impl MaintenanceRoot {
    pub fn new(id: u32) -> Self {
        Self { id, plugin: None }
    }

    /// Puts `plugin` into force.
    fn begin(&self, plugin: &Plugin) {
        let Plugin { name, policy, .. } = plugin;
        state::begin(name, self.id, policy.mode, &policy.summary());
        if policy.mode != Mode::Off {
            set_timer(REPORT_INTERVAL);
        }
    }
}

impl Context for MaintenanceRoot {}

impl RootContext for MaintenanceRoot {
    /// Returns whether the configuration is valid. On `false` Envoy keeps the
    /// previous one and tells the control plane.
    fn on_configure(&mut self, size: usize) -> bool {
        match read_configuration(size) {
            Ok(policy) => {
                let plugin = Rc::new(Plugin {
                    name: plugin_name(),
                    rejection_headers: HeaderMap::from(&policy.rejection),
                    exempt_reply_headers: HeaderMap::from(&policy.exempt_reply),
                    policy,
                    counts: Counts::default(),
                });
                self.begin(&plugin);
                self.plugin = Some(plugin);
                true
            }
            Err(error) => {
                log::error!("plugin configuration refused: {error}");
                false
            }
        }
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    /// Creates the context of a request. Always `Some`: the SDK panics on `None`.
    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        if let Some(plugin) =
            self.plugin.as_ref().filter(|plugin| state::needs_resuming(&plugin.name))
        {
            self.begin(plugin);
        }
        Some(Box::new(MaintenanceStream(self.plugin.clone())))
    }

    fn on_tick(&mut self) {
        if let Some(plugin) = &self.plugin {
            Metrics::get().add(&plugin.counts);
            state::repeat_gauges();
        }
    }
}

/// Runs when Envoy deletes the root context: the SDK has no other callback for
/// it. Host calls are still allowed.
impl Drop for MaintenanceRoot {
    fn drop(&mut self) {
        let Some(plugin) = &self.plugin else {
            return;
        };
        Metrics::get().add(&plugin.counts);
        if plugin.policy.mode != Mode::Off {
            // Envoy keeps the timer of a deleted root context running.
            set_timer(NEVER);
        }
        state::end(&plugin.name, self.id);
    }
}

/// Reads the plugin configuration, which has `size` bytes.
fn read_configuration(size: usize) -> Result<Policy, Error> {
    if size == 0 {
        // Envoy hands out no buffer without bytes.
        return Policy::from_json(b"");
    }
    match hostcalls::get_buffer(BufferType::PluginConfiguration, 0, size) {
        Ok(Some(json)) => Policy::from_json(&json),
        Ok(None) | Err(_) => Err(Error::not_readable()),
    }
}

/// Returns the name of the plugin.
fn plugin_name() -> String {
    let name = hostcalls::get_property(vec!["plugin_name"]).ok().flatten();
    String::from_utf8_lossy(&name.unwrap_or_default()).into_owned()
}

fn set_timer(interval: Duration) {
    // `Err` is never returned: the SDK panics on a failure, and Envoy has none.
    let _ = hostcalls::set_tick_period(interval);
}
