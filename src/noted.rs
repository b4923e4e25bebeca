//! The state of a plugin as the process last noted it, so that one log line
//! tells of a change however many VMs carry it out.
//!
//! The VMs follow one another with a lag: one may still be at a state that
//! the others have left. They count the states of a plugin alike, so a count
//! that is not above the noted one is no news.

use alloc::string::String;
use alloc::vec::Vec;

use crate::text::{decimal, joined};

const OFF: &str = "maintenance is off";
const GONE: &str = "maintenance is off: the plugin is gone";

/// A state and the count at which it came into force.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Noted {
    generation: usize,
    state: String,
}

impl Noted {
    /// Reads what [`Noted::to_bytes`] wrote. Before the first note, and for
    /// anything else, maintenance is off.
    #[must_use]
    pub fn from_bytes(bytes: Option<&[u8]>) -> Self {
        let read = |bytes: &[u8]| {
            let text = str::from_utf8(bytes).ok()?;
            let space = text.bytes().position(|byte| byte == b' ')?;
            let generation = text.get(..space)?.parse().ok()?;
            Some(Self { generation, state: text.get(space..)?.get(1..)?.into() })
        };
        bytes.and_then(read).unwrap_or_else(|| Self { generation: 0, state: OFF.into() })
    }

    /// The form in which the VMs share it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        joined(&[&decimal(self.generation), " ", &self.state]).into_bytes()
    }

    /// The note after a root context came into force; `None` if it is not new.
    #[must_use]
    pub fn configured(&self, generation: usize, state: &str) -> Option<Self> {
        let new = generation > self.generation;
        new.then(|| Self { generation, state: state.into() })
    }

    /// The note after the newest root context went; `None` if another VM has
    /// noted that, or a newer one.
    #[must_use]
    pub fn gone(&self, generation: usize) -> Option<Self> {
        let last = generation == self.generation;
        last.then(|| Self { generation: 0, state: GONE.into() })
    }

    /// The line to log after `before`; `None` if the state is the same.
    #[must_use]
    pub fn news(&self, before: &Self) -> Option<&str> {
        let off = |noted: &Self| noted.state.starts_with(OFF);
        let same = self.state == before.state || (off(self) && off(before));
        (!same).then_some(self.state.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{GONE, Noted, OFF};

    fn start() -> Noted {
        Noted::from_bytes(None)
    }

    #[test]
    fn a_change_is_news_once() {
        let on = start().configured(1, "on").expect("new");
        assert_eq!(on.news(&start()), Some("on"));
        assert_eq!(on.configured(1, "on"), None, "another VM at the same state");
        let again = on.configured(2, "on").expect("new");
        assert_eq!(again.news(&on), None);
        let off = again.configured(3, OFF).expect("new");
        assert_eq!(off.news(&again), Some(OFF));
        assert_eq!(off.configured(2, "on"), None, "a VM that lags behind");
    }

    #[test]
    fn only_the_last_state_can_go_and_counting_starts_again() {
        let on = start().configured(7, "on").expect("new");
        assert_eq!(on.gone(6), None);
        let gone = on.gone(7).expect("the last");
        assert_eq!(gone.news(&on), Some(GONE));
        assert_eq!(gone.gone(7), None);
        assert_eq!(gone.configured(1, "on").expect("new").news(&gone), Some("on"));
    }

    #[test]
    fn off_in_other_words_is_no_news() {
        let off = start().configured(1, OFF).expect("new");
        assert_eq!(off.news(&start()), None);
        assert_eq!(off.gone(1).expect("the last").news(&off), None);
    }

    #[test]
    fn a_note_survives_being_shared() {
        let on = start().configured(12, "maintenance is on: é").expect("new");
        assert_eq!(Noted::from_bytes(Some(&on.to_bytes())), on);
        for junk in [&b""[..], b"x", b"1", b"-1 on", b"\xff 1"] {
            assert_eq!(Noted::from_bytes(Some(junk)), start());
        }
    }
}
