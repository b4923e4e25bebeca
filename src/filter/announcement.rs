//! The state that the process announced last, so that the log has one line for
//! a change however many VMs carry it out.
//!
//! The VMs share an announcement for each plugin name, and follow one another
//! with a lag: one may still be at a state that the others have left. They
//! count the states of a plugin alike, so a state whose generation is not above
//! the announced one is old.

const OFF: &str = "maintenance is off";
const GONE: &str = "maintenance is off: the plugin is gone";

/// A state of a plugin and the generation in which it came into force.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Announcement {
    generation: usize,
    state: String,
}

impl Announcement {
    /// Reads what [`Announcement::to_bytes`] wrote. Before the first
    /// announcement, and for any other bytes, maintenance is off.
    #[must_use]
    pub fn from_bytes(bytes: Option<&[u8]>) -> Self {
        let parse = |bytes| {
            let (generation, state) = str::from_utf8(bytes).ok()?.split_once(' ')?;
            Some(Self { generation: generation.parse().ok()?, state: state.into() })
        };
        bytes.and_then(parse).unwrap_or_else(|| Self { generation: 0, state: OFF.into() })
    }

    /// The form in which the VMs share it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        format!("{} {}", self.generation, self.state).into_bytes()
    }

    /// The announcement after a root context came into force; `None` if it is
    /// not new.
    #[must_use]
    pub fn after_configuration(&self, generation: usize, state: &str) -> Option<Self> {
        let is_new = generation > self.generation;
        is_new.then(|| Self { generation, state: state.into() })
    }

    /// The announcement after the newest root context went; `None` if another
    /// VM has announced that, or a newer state.
    #[must_use]
    pub fn after_removal(&self, generation: usize) -> Option<Self> {
        let is_last = generation == self.generation;
        is_last.then(|| Self { generation: 0, state: GONE.into() })
    }

    /// The line to log when this announcement replaces `previous`; `None` if
    /// the state is the same.
    #[must_use]
    pub fn log_line(&self, previous: &Self) -> Option<&str> {
        let is_off = |announcement: &Self| announcement.state.starts_with(OFF);
        let is_same = self.state == previous.state || (is_off(self) && is_off(previous));
        (!is_same).then_some(self.state.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{Announcement, GONE, OFF};

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
}
