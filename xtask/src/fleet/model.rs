//! Estimate for a mesh of 10,000 sidecars, from the costs of a fleet on one machine.
//!
//! - istiod waits for 0.1 s for further changes, and then needs its processor time for
//!   each sidecar, on all its cores.
//! - The sidecars of a node need their processor time on the cores of the node.
//! - `kubectl` takes as long as it takes here.

use super::series::Series;
use super::stage::Stage;
use crate::table::render;

const SIDECARS: f64 = 10_000.0;
const ISTIOD_CORES: [f64; 3] = [2.0, 8.0, 32.0];
const SIDECARS_OF_A_NODE: f64 = 20.0;
const CORES_OF_A_NODE: f64 = 4.0;
/// `PILOT_DEBOUNCE_AFTER`, in seconds.
const DEBOUNCE: f64 = 0.1;

/// Measured costs of a switch, for a sidecar.
struct Costs {
    /// Seconds that `kubectl` takes.
    command: f64,
    /// Processor time of istiod, in seconds.
    istiod: f64,
    /// Processor time of agent and Envoy, in seconds.
    sidecar: f64,
}

impl Costs {
    /// Seconds in which istiod sends the change to all sidecars.
    fn push(&self, istiod_cores: f64) -> f64 {
        DEBOUNCE + SIDECARS * self.istiod / istiod_cores
    }

    /// Seconds in which the sidecars of a node apply a change that reaches all of them at
    /// once.
    fn node(&self) -> f64 {
        SIDECARS_OF_A_NODE * self.sidecar / CORES_OF_A_NODE
    }

    /// Seconds from the start of the command to the last sidecar's 503.
    fn last(&self, istiod_cores: f64) -> f64 {
        self.command + self.push(istiod_cores) + self.node()
    }
}

/// Table of the model, with the costs of the largest fleet.
pub fn table(stages: &[Stage]) -> String {
    let Some(stage) = stages.last() else { return String::new() };
    let costs = |series: &Series| Costs {
        command: series.command_time.median() / 1000.0,
        istiod: series.istiod.median() / 1000.0,
        sidecar: (series.agent.median() + series.envoy.median()) / 1000.0,
    };
    let first = costs(&stage.commands.first);
    let patch = costs(&stage.commands.on);
    let pulled = stage.pulls.bytes_each() * SIDECARS / 1e6;
    let head: Vec<_> =
        ISTIOD_CORES.iter().map(|cores| format!("istiod on {cores} cores")).collect();
    let head: Vec<_> = [""].into_iter().chain(head.iter().map(String::as_str)).collect();
    let row = |label: &str, value: &dyn Fn(f64) -> f64| {
        let cells = ISTIOD_CORES.map(|cores| format!("{:.1}", value(cores)));
        [label.to_owned()].into_iter().chain(cells).collect()
    };
    let rows = [
        row("`apply`, first ever: istiod has sent all, s", &|cores| first.push(cores)),
        row("`apply`, first ever: last 503, s", &|cores| first.last(cores)),
        row("standby, `patch` to on: istiod has sent all, s", &|cores| patch.push(cores)),
        row("standby, `patch` to on: last 503, s", &|cores| patch.last(cores)),
        row("configuration sent for an `apply`, MB", &|_| {
            stage.commands.first.bytes.median() * SIDECARS / 1e6
        }),
        row("modules pulled, MB", &|_| pulled),
        row("modules pulled meanwhile, MB/s", &|cores| pulled / first.push(cores)),
        row("pulls a second meanwhile", &|cores| SIDECARS / first.push(cores)),
    ];
    let istiod = first.istiod * 1000.0;
    format!(
        "{}\nInputs, from {} sidecars: processor time of istiod for a sidecar {istiod:.2} ms (`apply`) and \
         {:.2} ms (`patch`); of agent and Envoy {:.1} ms (`apply`, first ever) and {:.1} ms (`patch`); \
         {:.0} bytes for a pull.\n",
        render(&head, &rows),
        stage.size,
        patch.istiod * 1000.0,
        first.sidecar * 1000.0,
        patch.sidecar * 1000.0,
        stage.pulls.bytes_each(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_cores_of_istiod_shorten_the_push_only() {
        let costs = Costs { command: 0.1, istiod: 0.002, sidecar: 0.1 };
        let seconds = [costs.push(2.0), costs.push(8.0), costs.node(), costs.last(8.0)];
        assert_eq!(seconds.map(|it| format!("{it:.2}")), ["10.10", "2.60", "0.50", "3.20"]);
    }
}
