//! Log line of a change of state, shared between VMs.

use maintenance_filter::filter::announcement::Announcement;

const OFF: &str = "maintenance is off";
const GONE: &str = "maintenance is off: the plugin is gone";

fn start() -> Announcement {
    Announcement::from_bytes(None)
}

#[test]
fn a_change_is_logged_once() {
    let on = start().after_configuration(1, "on").expect("a new state");
    assert_eq!(on.log_line(&start()), Some("on"));
    assert_eq!(on.after_configuration(1, "on"), None, "another VM announces the same state");
    let again = on.after_configuration(2, "on").expect("a new state");
    assert_eq!(again.log_line(&on), None);
    let off = again.after_configuration(3, OFF).expect("a new state");
    assert_eq!(off.log_line(&again), Some(OFF));
    assert_eq!(off.after_configuration(2, "on"), None, "another VM announces an older state");
}

#[test]
fn only_the_last_state_can_be_removed_and_numbering_restarts() {
    let on = start().after_configuration(7, "on").expect("a new state");
    assert_eq!(on.after_removal(6), None);
    let gone = on.after_removal(7).expect("the last state is removed");
    assert_eq!(gone.log_line(&on), Some(GONE));
    assert_eq!(gone.after_removal(7), None);
    assert_eq!(gone.after_configuration(1, "on").expect("a new state").log_line(&gone), Some("on"));
}

#[test]
fn disabled_and_removed_are_announced_once() {
    let off = start().after_configuration(1, OFF).expect("a new state");
    assert_eq!(off.log_line(&start()), None);
    assert_eq!(off.after_removal(1).expect("the last state is removed").log_line(&off), None);
}

#[test]
fn an_announcement_survives_serialization() {
    let on = start().after_configuration(12, "maintenance is on: é").expect("a new state");
    assert_eq!(Announcement::from_bytes(Some(&on.to_bytes())), on);
    for other in [&b""[..], b"x", b"1", b"-1 on", b"\xff 1"] {
        assert_eq!(Announcement::from_bytes(Some(other)), start());
    }
}
