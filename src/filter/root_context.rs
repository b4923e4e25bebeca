//! The root context: one plugin configuration in one VM.

use std::rc::Rc;

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{BufferType, ContextType, LogLevel};

use super::http_context::MaintenanceStream;
use super::plugin::Plugin;
use super::reporting;
use crate::error::Error;
use crate::policy::Policy;

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

impl MaintenanceRoot {
    pub fn new(id: u32) -> Self {
        Self { id, plugin: None }
    }
}

impl Context for MaintenanceRoot {}

impl RootContext for MaintenanceRoot {
    /// Returns whether the configuration is valid. On `false` Envoy keeps the
    /// previous one and tells the control plane.
    fn on_configure(&mut self, size: usize) -> bool {
        match read_configuration(size) {
            Ok(policy) => {
                let plugin = Plugin::new(plugin_name(), self.id, policy);
                plugin.begin();
                self.plugin = Some(Rc::new(plugin));
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
            self.plugin.as_ref().filter(|plugin| reporting::needs_resuming(&plugin.name))
        {
            plugin.begin();
        }
        let plugin = self.plugin.as_ref().filter(|plugin| plugin.concerns_requests());
        Some(Box::new(MaintenanceStream(plugin.cloned())))
    }

    fn on_tick(&mut self) {
        if let Some(plugin) = &self.plugin {
            plugin.on_tick();
        }
    }
}

/// Runs when Envoy deletes the root context: the SDK has no other callback for
/// it. Host calls are still allowed.
impl Drop for MaintenanceRoot {
    fn drop(&mut self) {
        if let Some(plugin) = &self.plugin {
            plugin.end();
        }
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
        Ok(None) | Err(_) => Err(Error::new("the proxy does not hand it out")),
    }
}

/// Returns the name of the plugin.
fn plugin_name() -> String {
    let name = hostcalls::get_property(vec!["plugin_name"]).ok().flatten();
    String::from_utf8_lossy(&name.unwrap_or_default()).into_owned()
}
