//! Parts of the time of the first switch, from the logs of istiod, the agents and
//! the Envoys. All run on this machine and have the same clock.

use std::time::{Duration, SystemTime};

use super::sidecars::Sidecar;
use crate::samples::Samples;

/// Event in the life of a switch and the milliseconds from the start of the command
/// to it, for each sidecar.
pub struct Milestone {
    pub event: &'static str,
    pub times: Samples,
}

/// Reads the milestones of the switch whose command started at `start`.
/// `conversion_ms` has the time that each agent spent on the module.
pub fn read(
    istiod_log: &str,
    sidecars: &[Sidecar],
    conversion_ms: &[f64],
    start: SystemTime,
) -> Vec<Milestone> {
    let pushes = |kind: &str| -> Samples {
        let kind = format!("{kind}: PUSH");
        // istiod also answers subscriptions for which it has nothing.
        let is_empty = |line: &str| line.contains(" resources:0 ");
        let time = |sidecar: &Sidecar| {
            let node = format!("node:{} ", sidecar.node);
            first_line(istiod_log, start, |line| {
                line.contains(&kind) && line.contains(&node) && !is_empty(line)
            })
        };
        sidecars.iter().filter_map(time).map(milliseconds).collect()
    };
    let logs: Vec<_> = sidecars.iter().map(|sidecar| sidecar.proxy.log()).collect();
    let pulls = logs.iter().map(|log| {
        first_line(log, start, |line| line.contains("fetching image")).map(milliseconds)
    });
    let pulls: Vec<_> = pulls.collect();
    let pulled = pulls.iter().zip(conversion_ms);
    let pulled = pulled.filter_map(|(pull, conversion)| pull.map(|pull| pull + conversion));
    let configured = logs.iter().filter_map(|log| {
        first_line(log, start, |line| line.contains("maintenance is on")).map(milliseconds)
    });
    vec![
        Milestone { event: "istiod sends the listener", times: pushes("LDS") },
        Milestone { event: "istiod sends the plugin's configuration", times: pushes("ECDS") },
        Milestone {
            event: "the agent starts to pull",
            times: pulls.iter().flatten().copied().collect(),
        },
        Milestone { event: "the agent has the module", times: pulled.collect() },
        Milestone { event: "Envoy has compiled and configured it", times: configured.collect() },
    ]
}

/// Time from `start` to the first line after it that `matches`.
fn first_line(log: &str, start: SystemTime, matches: impl Fn(&str) -> bool) -> Option<Duration> {
    let mut times = log.lines().filter(|line| matches(line)).filter_map(|line| {
        // Istio separates columns with tabs, and makes Envoy do so.
        let (time, _) = line.split_once('\t')?;
        humantime::parse_rfc3339(time).ok()?.duration_since(start).ok()
    });
    times.next()
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_after_the_start_counts() {
        let start = humantime::parse_rfc3339("2026-11-24T10:00:00Z").expect("a time");
        let log = "2026-11-24T09:59:59.000000Z\tinfo\tads\tLDS: PUSH\n\
                   no time, LDS: PUSH\n\
                   2026-11-24T10:00:00.250000Z\tinfo\tads\tLDS: PUSH\n\
                   2026-11-24T10:00:01.000000Z\tinfo\tads\tLDS: PUSH\n";
        let found = first_line(log, start, |line| line.contains("LDS: PUSH"));
        assert_eq!(found, Some(Duration::from_millis(250)));
        assert_eq!(first_line(log, start, |line| line.contains("ECDS")), None);
    }
}
