//! Log line of a change of state, shared between VMs.

use maintenance_filter::filter::announcement::Announcement;
use maintenance_filter::window::Stage::{Ended, InForce, Scheduled};

const OFF: &str = "maintenance is off";
const GONE: &str = "maintenance is off: the plugin is gone";

fn start() -> Announcement {
    Announcement::from_bytes(None)
}

#[test]
fn a_change_is_logged_once() {
    let on = start().after_change(1, InForce, "on").expect("a new state");
    assert_eq!(on.log_line(&start()), Some("on"));
    assert_eq!(on.after_change(1, InForce, "on"), None, "another VM announces the same state");
    let again = on.after_change(2, InForce, "on").expect("a new state");
    assert_eq!(again.log_line(&on), None);
    let off = again.after_change(3, InForce, OFF).expect("a new state");
    assert_eq!(off.log_line(&again), Some(OFF));
    assert_eq!(off.after_change(2, InForce, "on"), None, "another VM announces an older state");
}

#[test]
fn only_the_last_state_can_be_removed_and_numbering_restarts() {
    let on = start().after_change(7, InForce, "on").expect("a new state");
    assert_eq!(on.after_removal(6), None);
    let gone = on.after_removal(7).expect("the last state is removed");
    assert_eq!(gone.log_line(&on), Some(GONE));
    assert_eq!(gone.after_removal(7), None);
    assert_eq!(
        gone.after_change(1, InForce, "on").expect("a new state").log_line(&gone),
        Some("on")
    );
}

#[test]
fn disabled_and_removed_are_announced_once() {
    let off = start().after_change(1, InForce, OFF).expect("a new state");
    assert_eq!(off.log_line(&start()), None);
    assert_eq!(off.after_removal(1).expect("the last state is removed").log_line(&off), None);
}

#[test]
fn an_announcement_survives_serialization() {
    let on = start().after_change(12, InForce, "maintenance is on: é").expect("a new state");
    assert_eq!(Announcement::from_bytes(Some(&on.to_bytes())), on);
    for other in [&b""[..], b"x", b"1", b"1 on", b"-1 0 on", b"1 -1 on", b"\xff 1 on"] {
        assert_eq!(Announcement::from_bytes(Some(other)), start());
    }
}

#[test]
fn each_stage_of_a_window_is_announced_once() {
    let scheduled = start().after_change(1, Scheduled, "scheduled").expect("a new state");
    assert_eq!(scheduled.log_line(&start()), Some("scheduled"));
    let on = scheduled.after_change(1, InForce, "on").expect("a new state");
    assert_eq!(on.after_change(1, InForce, "on"), None, "another VM follows");
    assert_eq!(on.after_change(1, Scheduled, "scheduled"), None, "another VM is behind");
    let off = on.after_change(1, Ended, OFF).expect("a new state");
    assert_eq!(off.log_line(&on), Some(OFF));
    let again = off.after_change(2, Scheduled, "scheduled").expect("a new configuration");
    assert_eq!(again.log_line(&off), Some("scheduled"));
}

#[test]
fn a_window_that_was_over_before_is_announced_once() {
    const ENDED: &str = "maintenance is off: the window has ended";
    let ended = start().after_change(1, Ended, ENDED).expect("a new state");
    assert_eq!(ended.log_line(&start()), Some(ENDED));
    let again = ended.after_change(2, Ended, ENDED).expect("a new configuration");
    assert_eq!(again.log_line(&ended), None);
    let off = again.after_change(3, InForce, OFF).expect("a new configuration");
    assert_eq!(off.log_line(&again), None);
}
