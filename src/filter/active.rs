//! The plugins of one VM, and the values of the gauges for them.
//!
//! A VM may host several plugins with the filter, and several root contexts of
//! each plugin: a new configuration brings a new root context, while the old
//! one lives on for its streams. The newest root context of each plugin says
//! whether the plugin is active.
//!
//! Envoy reuses an old root context, without a call of `on_configure`, if its
//! configuration is restored while a stream still holds it. The first new stream
//! on it makes it the newest again.

use crate::policy::{Mode, Policy};
use crate::window::{Stage, Time};

/// The plugins of one VM.
#[derive(Debug, Default)]
pub struct ActivePlugins {
    plugins: Vec<KnownPlugin>,
}

/// A plugin that was configured in this VM at least once.
#[derive(Debug)]
struct KnownPlugin {
    name: String,
    /// Number of times that a root context of the plugin became the newest.
    generation: usize,
    newest: Option<Newest>,
}

#[derive(Debug)]
struct Newest {
    root_context: u32,
    gauges: Gauges,
}

/// Values of the gauges, for one plugin or for all plugins of a VM.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Gauges {
    /// `true` while maintenance is on.
    pub is_on: bool,
    /// `true` while maintenance is in dry run.
    pub is_dry_run: bool,
    /// Start of the window, in seconds since 1970. 0 if there is none.
    pub window_start: u64,
    /// End of the window, in seconds since 1970. 0 if there is none.
    pub window_end: u64,
}

impl Gauges {
    /// The gauges of a policy in a stage of its window. A window that has ended, or
    /// that is not enabled, is not shown.
    #[must_use]
    pub fn new(policy: &Policy, stage: Stage) -> Self {
        let mode = policy.mode(stage);
        let shown = policy.is_pending_or_in_force(stage);
        let seconds = |time: Option<&Time>| time.filter(|_| shown).map_or(0, |time| time.seconds);
        Self {
            is_on: mode == Mode::On,
            is_dry_run: mode == Mode::DryRun,
            window_start: seconds(policy.window.start()),
            window_end: seconds(policy.window.end()),
        }
    }

    /// Returns the values of the gauges.
    #[must_use]
    pub fn values(self) -> [u64; 4] {
        [self.is_on.into(), self.is_dry_run.into(), self.window_start, self.window_end]
    }

    /// The gauges of two plugins: of two windows, the later times.
    fn merge(self, other: Self) -> Self {
        Self {
            is_on: self.is_on || other.is_on,
            is_dry_run: self.is_dry_run || other.is_dry_run,
            window_start: self.window_start.max(other.window_start),
            window_end: self.window_end.max(other.window_end),
        }
    }
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
    pub fn set_newest(&mut self, plugin: &str, root_context: u32, gauges: Gauges) -> usize {
        let newest = Some(Newest { root_context, gauges });
        if let Some(known) = self.plugins.iter_mut().find(|known| known.name == plugin) {
            known.generation = known.generation.saturating_add(1);
            known.newest = newest;
            return known.generation;
        }
        self.plugins.push(KnownPlugin { name: plugin.into(), generation: 1, newest });
        1
    }

    /// Changes the gauges of a root context. Returns the generation of its plugin if
    /// it is the newest.
    pub fn update(&mut self, root_context: u32, gauges: Gauges) -> Option<usize> {
        let plugin = self.plugin_of(root_context)?;
        plugin.newest = Some(Newest { root_context, gauges });
        Some(plugin.generation)
    }

    /// Removes a root context. Returns the generation of its plugin if it was
    /// the newest.
    pub fn remove(&mut self, root_context: u32) -> Option<usize> {
        let plugin = self.plugin_of(root_context)?;
        plugin.newest = None;
        Some(plugin.generation)
    }

    /// Returns the plugin whose newest root context is `root_context`.
    fn plugin_of(&mut self, root_context: u32) -> Option<&mut KnownPlugin> {
        self.plugins.iter_mut().find(|plugin| {
            plugin.newest.as_ref().is_some_and(|newest| newest.root_context == root_context)
        })
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

    /// Returns the gauges of all plugins together.
    #[must_use]
    pub fn gauges(&self) -> Gauges {
        let newest = self.plugins.iter().filter_map(|plugin| plugin.newest.as_ref());
        newest.fold(Gauges::default(), |all, newest| all.merge(newest.gauges))
    }
}
