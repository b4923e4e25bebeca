//! Processor time and memory of the sidecars and of istiod.

use std::fs;

use super::sidecars::Sidecar;
use crate::process_usage::{Memory, memory, processor_time};

/// Processor time so far, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct ProcessorTime {
    pub agents: f64,
    pub envoys: f64,
    pub istiod: f64,
    /// The clients and the application, which are this process.
    pub clients: f64,
    /// All processes of the machine, which include the API server and etcd.
    pub machine: f64,
}

impl ProcessorTime {
    pub fn now(sidecars: &[Sidecar], istiod: u32) -> Self {
        let all = |processes: Vec<u32>| processes.into_iter().map(of).sum();
        Self {
            agents: all(agents(sidecars)),
            envoys: all(envoys(sidecars)),
            istiod: of(istiod),
            clients: of(std::process::id()),
            machine: of_machine(),
        }
    }

    /// Processor time since an earlier reading.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            agents: self.agents - earlier.agents,
            envoys: self.envoys - earlier.envoys,
            istiod: self.istiod - earlier.istiod,
            clients: self.clients - earlier.clients,
            machine: self.machine - earlier.machine,
        }
    }
}

fn of(process: u32) -> f64 {
    processor_time(process) / 1000.0
}

fn of_machine() -> f64 {
    let stat = fs::read_to_string("/proc/stat").expect("/proc/stat");
    busy_milliseconds(&stat).expect("the line of all processors")
}

/// Sum of all times but idle ones on the first line of `/proc/stat`.
fn busy_milliseconds(stat: &str) -> Option<f64> {
    /// Hundredths of a second, on every architecture that Linux documents.
    const TICK_MS: f64 = 10.0;
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<f64> = line.split_whitespace().map_while(|tick| tick.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq
    let busy = [0, 1, 2, 5, 6].map(|column| ticks.get(column));
    busy.into_iter().sum::<Option<f64>>().map(|ticks| ticks * TICK_MS)
}

/// Mean memory of a sidecar's two processes.
#[derive(Clone, Copy, Debug)]
pub struct SidecarMemory {
    pub agent: Memory,
    pub envoy: Memory,
}

impl SidecarMemory {
    pub fn of(sidecars: &[Sidecar]) -> Self {
        Self { agent: mean(&agents(sidecars)), envoy: mean(&envoys(sidecars)) }
    }

    /// Memory in MiB that a further sidecar needs.
    pub fn proportional(&self) -> f64 {
        self.agent.proportional + self.envoy.proportional
    }
}

fn agents(sidecars: &[Sidecar]) -> Vec<u32> {
    sidecars.iter().map(|sidecar| sidecar.proxy.agent().id()).collect()
}

fn envoys(sidecars: &[Sidecar]) -> Vec<u32> {
    sidecars.iter().map(|sidecar| sidecar.envoy).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a count of processes")]
fn mean(processes: &[u32]) -> Memory {
    let all: Vec<_> = processes.iter().map(|process| memory(*process)).collect();
    let count = all.len() as f64;
    Memory {
        resident: all.iter().map(|memory| memory.resident).sum::<f64>() / count,
        proportional: all.iter().map(|memory| memory.proportional).sum::<f64>() / count,
    }
}

/// Memory in MiB that processes can still get.
pub fn available() -> f64 {
    let text = fs::read_to_string("/proc/meminfo").expect("/proc/meminfo");
    crate::process_usage::mebibytes(&text, "MemAvailable:").expect("MemAvailable")
}

#[cfg(test)]
mod tests {
    use super::busy_milliseconds;

    #[test]
    fn idle_time_is_left_out() {
        let stat = "cpu  10 1 5 1000 50 2 3 7 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n";
        assert_eq!(busy_milliseconds(stat), Some(210.0));
        assert_eq!(busy_milliseconds("intr 1\n"), None);
    }
}
