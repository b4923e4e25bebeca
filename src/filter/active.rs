//! Whether maintenance is in force in one VM, for the gauge.
//!
//! A VM may host several plugins with the filter, and several root contexts of
//! each plugin: a new configuration brings a new root context, while the old
//! one lives on for its streams. The newest root context of each plugin says
//! whether the plugin is active.
//!
//! Envoy reuses an old root context, without a call of `on_configure`, if its
//! configuration is restored while a stream still holds it. The first new stream
//! on it makes it the newest again.

use crate::policy::Mode;

/// The plugins of one VM.
#[derive(Debug, Default)]
pub struct ActivePlugins {
    plugins: Vec<Plugin>,
}

#[derive(Debug)]
struct Plugin {
    name: String,
    /// How many times a root context of the plugin became the newest.
    generation: usize,
    newest: Option<Newest>,
}

#[derive(Debug)]
struct Newest {
    root_context: u32,
    mode: Mode,
}

impl ActivePlugins {
    /// A VM in which nothing is configured yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { plugins: Vec::new() }
    }

    /// Makes `root_context` the newest of `plugin`. Returns the generation of
    /// the plugin, which is the same in every VM of the process that went
    /// through the same configurations.
    pub fn set_newest(&mut self, plugin: &str, root_context: u32, mode: Mode) -> usize {
        let newest = Some(Newest { root_context, mode });
        if let Some(known) = self.plugins.iter_mut().find(|known| known.name == plugin) {
            known.generation = known.generation.saturating_add(1);
            known.newest = newest;
            return known.generation;
        }
        self.plugins.push(Plugin { name: plugin.into(), generation: 1, newest });
        1
    }

    /// Removes a root context. Returns the generation of its plugin if it was
    /// the newest.
    pub fn remove(&mut self, root_context: u32) -> Option<usize> {
        let is_newest = |plugin: &&mut Plugin| {
            plugin.newest.as_ref().is_some_and(|newest| newest.root_context == root_context)
        };
        let plugin = self.plugins.iter_mut().find(is_newest)?;
        plugin.newest = None;
        Some(plugin.generation)
    }

    /// Returns whether `plugin` has a newest root context.
    #[must_use]
    pub fn has_newest(&self, plugin: &str) -> bool {
        self.plugins.iter().any(|known| known.name == plugin && known.newest.is_some())
    }

    /// Returns whether every plugin has a newest root context.
    #[must_use]
    pub fn all_have_newest(&self) -> bool {
        self.plugins.iter().all(|plugin| plugin.newest.is_some())
    }

    /// Returns whether any plugin of the VM is in `mode`.
    #[must_use]
    pub fn any_in(&self, mode: Mode) -> bool {
        self.plugins
            .iter()
            .filter_map(|plugin| plugin.newest.as_ref())
            .any(|root| root.mode == mode)
    }
}
