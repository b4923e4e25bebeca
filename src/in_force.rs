//! Whether maintenance is in force in one VM, for the gauge.
//!
//! A VM may host several plugins of ours, and of each plugin several root
//! contexts: a new configuration brings a new one, while the old one lives on
//! for its streams. The newest of each plugin says what is in force. Envoy
//! takes an old root context up again, without configuring it anew, when a
//! configuration comes back while a stream still holds it; that shows only in
//! a new stream, so an old root context may then step in for one that is gone.

use alloc::vec::Vec;

/// The plugins of one VM. Names and identifiers are the host's.
#[derive(Debug, Default)]
pub struct InForce {
    plugins: Vec<Plugin>,
    /// Whether a plugin has no newest root context: each request asks.
    has_vacancy: bool,
}

#[derive(Debug)]
struct Plugin {
    name: Vec<u8>,
    /// How many times a root context of the plugin became the newest.
    generation: usize,
    newest: Option<Newest>,
}

#[derive(Debug)]
struct Newest {
    root: u32,
    on: bool,
}

impl InForce {
    /// A VM in which nothing is configured yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { plugins: Vec::new(), has_vacancy: false }
    }

    /// A root context of `plugin` is the newest from now on. Returns how many
    /// there were: the same in every VM of the process that saw them all.
    pub fn configured(&mut self, plugin: &[u8], root: u32, on: bool) -> usize {
        let newest = Some(Newest { root, on });
        let known = self.plugins.iter_mut().find(|known| known.name == plugin);
        let generation = if let Some(known) = known {
            known.generation = known.generation.saturating_add(1);
            known.newest = newest;
            known.generation
        } else {
            self.plugins.push(Plugin { name: plugin.into(), generation: 1, newest });
            1
        };
        self.has_vacancy = self.plugins.iter().any(|plugin| plugin.newest.is_none());
        generation
    }

    /// A root context is about to go. Returns its generation if it was the
    /// newest of its plugin.
    pub fn gone(&mut self, root: u32) -> Option<usize> {
        let is_newest =
            |plugin: &&mut Plugin| plugin.newest.as_ref().is_some_and(|newest| newest.root == root);
        let plugin = self.plugins.iter_mut().find(is_newest)?;
        plugin.newest = None;
        self.has_vacancy = true;
        Some(plugin.generation)
    }

    /// Whether any plugin has no newest root context.
    #[must_use]
    pub fn has_vacancy(&self) -> bool {
        self.has_vacancy
    }

    /// Whether `plugin` has no newest root context.
    #[must_use]
    pub fn is_vacant(&self, plugin: &[u8]) -> bool {
        !self.plugins.iter().any(|known| known.name == plugin && known.newest.is_some())
    }

    /// Whether any plugin of the VM has maintenance in force.
    #[must_use]
    pub fn any(&self) -> bool {
        self.plugins.iter().any(|plugin| plugin.newest.as_ref().is_some_and(|newest| newest.on))
    }
}

#[cfg(test)]
mod tests {
    use super::InForce;

    #[test]
    fn the_newest_root_context_of_a_plugin_counts() {
        let mut vm = InForce::default();
        assert_eq!(vm.configured(b"a", 1, true), 1);
        assert_eq!(vm.configured(b"a", 2, false), 2);
        assert!(!vm.any());
        assert_eq!(vm.gone(1), None, "an older one is not missed");
        assert_eq!(vm.configured(b"a", 3, true), 3);
        assert!(vm.any());
        assert!(!vm.has_vacancy());
        assert_eq!(vm.gone(3), Some(3));
        assert!(vm.has_vacancy() && !vm.any());
        assert_eq!(vm.configured(b"a", 2, true), 4);
        assert!(!vm.has_vacancy(), "an older one has stepped in");
    }

    #[test]
    fn two_plugins_are_on_as_long_as_one_is() {
        let mut vm = InForce::default();
        vm.configured(b"a", 1, true);
        vm.configured(b"b", 2, true);
        assert_eq!(vm.gone(1), Some(1));
        assert!(vm.any());
        assert!(!vm.is_vacant(b"b"));
        assert!(vm.is_vacant(b"a"));
        assert!(vm.is_vacant(b"c"));
    }
}
