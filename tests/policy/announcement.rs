//! The log line of a change, shared between VMs.

use maintenance_filter::filter::announcement::Announcement;

const OFF: &str = "maintenance is off";
const GONE: &str = "maintenance is off: the plugin is gone";

fn start() -> Announcement {
    Announcement::from_bytes(None)
}

#[test]
fn a_change_is_logged_once() {
    let on = start().after_configuration(1, "on").expect("new");
    assert_eq!(on.log_line(&start()), Some("on"));
    assert_eq!(on.after_configuration(1, "on"), None, "another VM at the same state");
    let again = on.after_configuration(2, "on").expect("new");
    assert_eq!(again.log_line(&on), None);
    let off = again.after_configuration(3, OFF).expect("new");
    assert_eq!(off.log_line(&again), Some(OFF));
    assert_eq!(off.after_configuration(2, "on"), None, "a VM that lags behind");
}

#[test]
fn only_the_last_state_can_go_and_counting_starts_again() {
    let on = start().after_configuration(7, "on").expect("new");
    assert_eq!(on.after_removal(6), None);
    let gone = on.after_removal(7).expect("the last");
    assert_eq!(gone.log_line(&on), Some(GONE));
    assert_eq!(gone.after_removal(7), None);
    assert_eq!(gone.after_configuration(1, "on").expect("new").log_line(&gone), Some("on"));
}

#[test]
fn two_ways_to_be_off_are_the_same_state() {
    let off = start().after_configuration(1, OFF).expect("new");
    assert_eq!(off.log_line(&start()), None);
    assert_eq!(off.after_removal(1).expect("the last").log_line(&off), None);
}

#[test]
fn an_announcement_survives_being_shared() {
    let on = start().after_configuration(12, "maintenance is on: é").expect("new");
    assert_eq!(Announcement::from_bytes(Some(&on.to_bytes())), on);
    for other in [&b""[..], b"x", b"1", b"-1 on", b"\xff 1"] {
        assert_eq!(Announcement::from_bytes(Some(other)), start());
    }
}
