//! The state that the process announced last, so that the log has one line for
//! a change however many VMs carry it out.
//!
//! The VMs share an announcement for each plugin name. They apply a configuration
//! at different times, so a VM may come to a state that others have already
//! replaced. Each VM counts the configurations of a plugin: this is the generation.
//! Within a generation, the stage of the window counts. A state is old if
//! generation and stage are not above the announced ones.
//!
//! The counts of two VMs differ after Envoy has replaced a VM that trapped, or has
//! reused an old root context in one VM alone. Then a change may go without a log
//! line; the gauge does not depend on the counts.

use crate::window::Stage;

const OFF: &str = "maintenance is off";
const ENDED: &str = "maintenance is off: the window has ended";
const GONE: &str = "maintenance is off: the plugin is gone";

/// A state of a plugin and the generation in which it came into force.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Announcement {
    generation: usize,
    /// Rank of the window's stage: a later stage has a higher rank.
    stage_rank: u8,
    /// The line that the log has for the state.
    text: String,
}

impl Announcement {
    /// Parses the output of [`Announcement::to_bytes`]. Before the first
    /// announcement, and for any other bytes, maintenance is off.
    #[must_use]
    pub fn from_bytes(bytes: Option<&[u8]>) -> Self {
        let parse = |bytes| {
            let mut fields = str::from_utf8(bytes).ok()?.splitn(3, ' ');
            Some(Self {
                generation: fields.next()?.parse().ok()?,
                stage_rank: fields.next()?.parse().ok()?,
                text: fields.next()?.into(),
            })
        };
        bytes.and_then(parse).unwrap_or_else(|| Self {
            generation: 0,
            stage_rank: 0,
            text: OFF.into(),
        })
    }

    /// The form in which the VMs share it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        format!("{} {} {}", self.generation, self.stage_rank, self.text).into_bytes()
    }

    /// The announcement after a root context came into force, or its window came to
    /// another stage; `None` if it is not new.
    #[must_use]
    pub fn after_change(&self, generation: usize, reached: Stage, text: &str) -> Option<Self> {
        let stage_rank = match reached {
            Stage::Scheduled => 0,
            Stage::InForce => 1,
            Stage::Extended | Stage::Ended => 2,
        };
        let is_new = (generation, stage_rank) > (self.generation, self.stage_rank);
        is_new.then(|| Self { generation, stage_rank, text: text.into() })
    }

    /// The announcement after the newest root context was removed; `None` if
    /// another VM has already announced the removal or a newer state. The
    /// generation starts again at 0, as it does in a new VM.
    #[must_use]
    pub fn after_removal(&self, generation: usize) -> Option<Self> {
        let is_last = generation == self.generation;
        is_last.then(|| Self { generation: 0, stage_rank: 0, text: GONE.into() })
    }

    /// The line to log when this announcement replaces `previous`; `None` if
    /// maintenance was off before, and nothing new is to be said about it.
    #[must_use]
    pub fn log_line(&self, previous: &Self) -> Option<&str> {
        let was_off = previous.text.starts_with(OFF) && self.text.starts_with(OFF);
        let is_notable = !was_off || self.text.starts_with(ENDED);
        (is_notable && self.text != previous.text).then_some(self.text.as_str())
    }
}
