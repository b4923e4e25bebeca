//! Repeated switches with one command.

use std::time::Duration;

use super::costs::ProcessorTime;
use super::metrics::Istiod;
use super::switch::Switch;
use crate::samples::Samples;

/// Repeated switches with one command. Times are in milliseconds.
pub struct Series {
    pub command: &'static str,
    /// Time that the command itself took.
    pub command_time: Samples,
    /// Time from the command's start to the first sidecar's first answer of the new kind.
    pub first: Samples,
    /// Time until the answer of the sidecar in the middle.
    pub median: Samples,
    /// Time until the answer of the last sidecar.
    pub last: Samples,
    /// Processor time of a sidecar's agent.
    pub agent: Samples,
    /// Processor time of a sidecar's Envoy.
    pub envoy: Samples,
    /// Processor time of istiod for a sidecar.
    pub istiod: Samples,
    /// Processors that all processes kept busy.
    pub busy: Samples,
    /// Processors that the clients and the application kept busy.
    pub clients: Samples,
    /// Bytes of configuration that istiod sent to a sidecar.
    pub bytes: Samples,
    /// Time that istiod took to generate and send the messages for a sidecar.
    pub push: Samples,
    /// Time from the change to istiod's last message to a sidecar.
    pub convergence: Samples,
    /// Answers of the previous kind after a switch.
    pub relapses: usize,
}

impl Series {
    pub fn new(command: &'static str) -> Self {
        let none = Samples::default;
        Self {
            command,
            command_time: none(),
            first: none(),
            median: none(),
            last: none(),
            agent: none(),
            envoy: none(),
            istiod: none(),
            busy: none(),
            clients: none(),
            bytes: none(),
            push: none(),
            convergence: none(),
            relapses: 0,
        }
    }

    /// Adds a switch of `size` sidecars, whose costs were counted for a time of
    /// `elapsed`.
    #[expect(clippy::cast_precision_loss, reason = "a count of sidecars")]
    pub fn add(
        &mut self,
        size: usize,
        command_time: Duration,
        elapsed: Duration,
        switch: &Switch,
        processor: &ProcessorTime,
        pushes: &Istiod,
    ) {
        let size = size as f64;
        let elapsed = milliseconds(elapsed);
        self.command_time.add(milliseconds(command_time));
        self.first.add(milliseconds(switch.first));
        self.median.add(milliseconds(switch.median));
        self.last.add(milliseconds(switch.last));
        self.agent.add(processor.agents / size);
        self.envoy.add(processor.envoys / size);
        self.istiod.add(processor.istiod / size);
        self.busy.add(processor.machine / elapsed);
        self.clients.add(processor.clients / elapsed);
        self.bytes.add(pushes.bytes / size);
        self.push.add(pushes.push_ms / size);
        self.convergence.add(pushes.convergence_ms / pushes.converged);
        self.relapses += switch.late + switch.back;
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
