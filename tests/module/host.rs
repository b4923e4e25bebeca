//! A host that records: what a proxy keeps for a plugin, in memory.

use std::collections::BTreeMap;

use wasmi::{StoreLimits, StoreLimitsBuilder};

/// A local reply as the module sent it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reply {
    pub status: u32,
    pub details: Vec<u8>,
    pub headers: Vec<u8>,
    pub body: Vec<u8>,
}

/// What the module can ask of the host, and what it has done to it.
#[derive(Default)]
pub struct Host {
    pub configuration: Vec<u8>,
    pub headers: BTreeMap<&'static str, Vec<u8>>,
    pub shared: BTreeMap<Vec<u8>, (Vec<u8>, u32)>,
    /// The metrics by name.
    pub metrics: Vec<(String, i64)>,
    /// The place of a metric among them, by identifier. Envoy gives out a new
    /// identifier each time, and keeps them all.
    pub metric_ids: Vec<usize>,
    pub log: Vec<String>,
    pub tick_milliseconds: u32,
    pub reply: Option<Reply>,
    /// The calls since they were last taken.
    pub calls: Vec<&'static str>,
    /// The blocks that the module handed out for values, by size, since then.
    pub blocks: Vec<u32>,
    /// A status that every call answers with, in place of its work.
    pub refusal: Option<u32>,
    /// Set when the module shall find no memory: blocks to pass values in,
    /// which it handed out before, by size.
    pub spare: Option<BTreeMap<u32, u32>>,
    pub limits: StoreLimits,
}

impl Host {
    /// The value of a metric; `None` if it was never defined.
    pub fn metric(&self, name: &str) -> Option<i64> {
        self.metrics.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    pub fn define(&mut self, name: String) -> u32 {
        let known = self.metrics.iter().position(|(known, _)| *known == name);
        let place = known.unwrap_or_else(|| {
            self.metrics.push((name, 0));
            self.metrics.len() - 1
        });
        self.metric_ids.push(place);
        u32::try_from(self.metric_ids.len() - 1).expect("few metrics")
    }

    pub fn value(&mut self, id: u32) -> &mut i64 {
        &mut self.metrics[self.metric_ids[id as usize]].1
    }

    /// Lets the module's memory grow no further than `bytes`.
    pub fn limit(&mut self, bytes: usize) {
        self.limits = StoreLimitsBuilder::new().memory_size(bytes).build();
    }
}
