//! Whether maintenance is in force in one VM, for the gauge.
//!
//! A VM may host several plugins of ours, and of each plugin several root
//! contexts: a new configuration brings a new one, while the old one lives on
//! for its streams. The newest of each plugin says what is in force. Envoy
//! takes an old root context up again, without configuring it anew, when a
//! configuration comes back while a stream still holds it; that shows only in
//! a new stream, so an old root context may then step in for one that is gone.

/// The plugins of one VM. Names and identifiers are the host's.
#[derive(Debug, Default)]
pub struct InForce(Vec<Newest>);

#[derive(Debug)]
struct Newest {
    plugin: Vec<u8>,
    root: u32,
    on: bool,
}

impl InForce {
    /// A root context of `plugin` was configured: it is the newest now.
    pub fn configured(&mut self, plugin: &[u8], root: u32, on: bool) {
        self.0.retain(|newest| newest.plugin != plugin);
        self.0.push(Newest { plugin: plugin.into(), root, on });
    }

    /// A root context is about to go. Says whether it was the newest of its plugin.
    pub fn gone(&mut self, root: u32) -> bool {
        let before = self.0.len();
        self.0.retain(|newest| newest.root != root);
        self.0.len() < before
    }

    /// Whether `plugin` has no newest root context.
    #[must_use]
    pub fn is_vacant(&self, plugin: &[u8]) -> bool {
        !self.0.iter().any(|newest| newest.plugin == plugin)
    }

    /// Whether any plugin of the VM has maintenance in force.
    #[must_use]
    pub fn any(&self) -> bool {
        self.0.iter().any(|newest| newest.on)
    }
}

#[cfg(test)]
mod tests {
    use super::InForce;

    #[test]
    fn the_newest_root_context_of_a_plugin_counts() {
        let mut vm = InForce::default();
        vm.configured(b"a", 1, true);
        vm.configured(b"a", 2, false);
        assert!(!vm.any());
        assert!(!vm.gone(1), "an older one is not missed");
        vm.configured(b"a", 3, true);
        assert!(vm.any());
        assert!(vm.gone(3));
        assert!(!vm.any());
    }

    #[test]
    fn two_plugins_are_on_as_long_as_one_is() {
        let mut vm = InForce::default();
        vm.configured(b"a", 1, true);
        vm.configured(b"b", 2, true);
        assert!(vm.gone(1));
        assert!(vm.any());
        assert!(!vm.is_vacant(b"b"));
        assert!(vm.is_vacant(b"a"));
    }
}
