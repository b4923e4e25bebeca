//! State of all plugins in a VM.

use maintenance_filter::filter::active::ActivePlugins;
use maintenance_filter::policy::Mode::{DryRun, Off, On};

#[test]
fn the_newest_root_context_determines_the_state_of_a_plugin() {
    let mut vm = ActivePlugins::new();
    assert_eq!(vm.set_newest("a", 1, On), 1);
    assert_eq!(vm.set_newest("a", 2, Off), 2);
    assert!(!vm.any_in(On));
    assert_eq!(vm.remove(1), None, "removal of an older root context changes nothing");
    assert_eq!(vm.set_newest("a", 3, On), 3);
    assert!(vm.any_in(On));
    assert!(vm.all_have_newest());
    assert_eq!(vm.remove(3), Some(3));
    assert!(!vm.all_have_newest() && !vm.any_in(On));
    assert_eq!(vm.set_newest("a", 2, On), 4);
    assert!(vm.all_have_newest(), "an older root context becomes the newest");
}

#[test]
fn maintenance_is_enabled_while_any_plugin_is_enabled() {
    let mut vm = ActivePlugins::new();
    vm.set_newest("a", 1, On);
    vm.set_newest("b", 2, On);
    assert_eq!(vm.remove(1), Some(1));
    assert!(vm.any_in(On));
    assert!(vm.has_newest("b"));
    assert!(!vm.has_newest("a"));
    assert!(!vm.has_newest("c"));
}

#[test]
fn a_dry_run_is_not_maintenance() {
    let mut vm = ActivePlugins::new();
    vm.set_newest("a", 1, DryRun);
    assert!(vm.any_in(DryRun) && !vm.any_in(On));
    vm.set_newest("b", 2, On);
    assert!(vm.any_in(DryRun) && vm.any_in(On));
}
