//! The state of maintenance as a log line.

use super::{Mode, Policy};
use crate::bypass::Bypass;
use crate::window::{Stage, Time};

impl Policy {
    /// Returns the state in a stage of the window as one log line.
    #[must_use]
    pub fn summary(&self, stage: Stage) -> String {
        let is_dry_run = self.configured_mode == Mode::DryRun;
        let with_time = |time: Option<&Time>, word| {
            time.map(|time| format!(" {word} {}", time.text)).unwrap_or_default()
        };
        let condition = match stage {
            _ if self.configured_mode == Mode::Off => return "maintenance is off".into(),
            Stage::Ended => return "maintenance is off: the window has ended".into(),
            Stage::Scheduled => {
                let kind = if is_dry_run { " as a dry run" } else { "" };
                let start = with_time(self.window.start(), "from");
                let end = with_time(self.window.end(), "to");
                return format!("maintenance is scheduled{kind}:{start}{end}");
            }
            Stage::InForce if is_dry_run => "in dry run",
            Stage::InForce => "on",
            Stage::Extended if is_dry_run => "in dry run past the end of its window",
            Stage::Extended => "past the end of its window",
        };
        let coming_end = self.window.end().filter(|_| stage == Stage::InForce);
        let until = with_time(coming_end, "until");
        let retry_after = match (self.retry_after, coming_end) {
            (None, Some(_)) => "counts down".into(),
            (Some(seconds), Some(_)) => format!("at most {seconds} s"),
            (seconds, None) => format!("{} s", seconds.unwrap_or_default()),
        };
        let jitter = match self.jitter.0 {
            0 => String::new(),
            seconds => format!(" and up to {seconds} s more"),
        };
        let paths = self.exemptions.distinct_paths();
        let tokens = self.bypass.as_ref().map(Bypass::token_count);
        let tokens = tokens.map(|count| format!(", bypass tokens {count}")).unwrap_or_default();
        format!(
            "maintenance is {condition}{until}: Retry-After {retry_after}{jitter}, exempt paths {paths}{tokens}"
        )
    }
}
