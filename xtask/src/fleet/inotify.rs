//! Limit of inotify instances, which stops a fleet of agents early.
//!
//! An agent watches its certificates with two instances, and Linux allows a user
//! 128 of them by default.

use std::fs;

const FILE: &str = "/proc/sys/fs/inotify/max_user_instances";
/// Instances of an agent.
const EACH: usize = 2;
/// Instances for everything else of the user: istiod, kube-apiserver, a desktop.
const OTHERS: usize = 128;

/// Limit that suffices for a fleet. Dropping it restores the previous limit.
pub struct Raised {
    previous: Option<usize>,
}

/// Raises the limit for `count` sidecars if it is lower.
///
/// # Errors
/// Names the command to run if the limit is too low and cannot be raised.
pub fn raise_for(count: usize) -> Result<Raised, String> {
    let text = fs::read_to_string(FILE).map_err(|error| format!("{FILE}: {error}"))?;
    let current: usize = text.trim().parse().map_err(|_| format!("{FILE} has no number"))?;
    let Some(limit) = needed(count, current) else { return Ok(Raised { previous: None }) };
    fs::write(FILE, limit.to_string()).map_err(|error| {
        format!(
            "{current} inotify instances suffice for about {} sidecars, and the limit cannot be \
             raised ({error}); as root: sysctl fs.inotify.max_user_instances={limit}",
            current / EACH
        )
    })?;
    Ok(Raised { previous: Some(current) })
}

/// Limit to set; `None` if `current` suffices.
fn needed(count: usize, current: usize) -> Option<usize> {
    let limit = count * EACH + OTHERS;
    let has_enough = current >= limit || count * EACH * 2 <= current;
    (!has_enough).then_some(limit)
}

impl Drop for Raised {
    fn drop(&mut self) {
        if let Some(previous) = self.previous
            && let Err(error) = fs::write(FILE, previous.to_string())
        {
            eprintln!("{FILE} was {previous} and cannot be restored: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::needed;

    #[test]
    fn a_small_fleet_needs_no_higher_limit() {
        assert_eq!(needed(5, 128), None);
        assert_eq!(needed(32, 128), None);
        assert_eq!(needed(200, 1024), None);
    }

    #[test]
    fn a_large_fleet_needs_two_instances_for_each_agent() {
        assert_eq!(needed(64, 128), Some(256));
        assert_eq!(needed(200, 128), Some(528));
    }
}
