//! Gauges of all plugins in a VM.

use maintenance_filter::filter::active::{ActivePlugins, Gauges};
use maintenance_filter::window::Stage;

use crate::support::policy;

const OFF: Gauges = Gauges { is_on: false, is_dry_run: false, window_start: 0, window_end: 0 };
const ON: Gauges = Gauges { is_on: true, ..OFF };
const DRY_RUN: Gauges = Gauges { is_dry_run: true, ..OFF };

#[test]
fn the_newest_root_context_determines_the_state_of_a_plugin() {
    let mut vm = ActivePlugins::new();
    assert_eq!(vm.set_newest("a", 1, ON), 1);
    assert_eq!(vm.set_newest("a", 2, OFF), 2);
    assert!(!vm.gauges().is_on);
    assert_eq!(vm.remove(1), None, "removal of an older root context changes nothing");
    assert_eq!(vm.set_newest("a", 3, ON), 3);
    assert!(vm.gauges().is_on);
    assert!(vm.all_have_newest());
    assert_eq!(vm.remove(3), Some(3));
    assert!(!vm.all_have_newest() && !vm.gauges().is_on);
    assert_eq!(vm.set_newest("a", 2, ON), 4);
    assert!(vm.all_have_newest(), "an older root context becomes the newest");
}

#[test]
fn maintenance_is_enabled_while_any_plugin_is_enabled() {
    let mut vm = ActivePlugins::new();
    vm.set_newest("a", 1, ON);
    vm.set_newest("b", 2, ON);
    assert_eq!(vm.remove(1), Some(1));
    assert!(vm.gauges().is_on);
    assert!(vm.has_newest("b"));
    assert!(!vm.has_newest("a"));
    assert!(!vm.has_newest("c"));
}

#[test]
fn a_dry_run_is_not_maintenance() {
    let mut vm = ActivePlugins::new();
    vm.set_newest("a", 1, DRY_RUN);
    assert!(vm.gauges().is_dry_run && !vm.gauges().is_on);
    vm.set_newest("b", 2, ON);
    assert!(vm.gauges().is_dry_run && vm.gauges().is_on);
}

#[test]
fn the_newest_root_context_alone_can_change_its_state() {
    let mut vm = ActivePlugins::new();
    vm.set_newest("a", 1, OFF);
    assert_eq!(vm.update(1, ON), Some(1));
    assert_eq!(vm.gauges(), ON);
    assert_eq!(vm.set_newest("a", 2, OFF), 2);
    assert_eq!(vm.update(1, ON), None);
    assert_eq!(vm.gauges(), OFF);
}

#[test]
fn the_gauges_show_the_window_until_it_has_ended() {
    let window = r#""window": {"start": "1970-01-01T00:00:10Z", "end": "1970-01-01T00:00:20Z"}"#;
    let enabled = policy(&format!(r#"{{"enabled": true, {window}}}"#));
    let shown = Gauges { window_start: 10, window_end: 20, ..OFF };
    assert_eq!(Gauges::new(&enabled, Stage::Scheduled), shown);
    assert_eq!(Gauges::new(&enabled, Stage::InForce), Gauges { is_on: true, ..shown });
    assert_eq!(Gauges::new(&enabled, Stage::Extended), Gauges { is_on: true, ..shown });
    assert_eq!(Gauges::new(&enabled, Stage::Ended), OFF);
    let disabled = policy(&format!(r#"{{"enabled": false, {window}}}"#));
    assert_eq!(Gauges::new(&disabled, Stage::InForce), OFF);
}
