//! Memory of an Envoy that has no connections.
//!
//! Envoy's allocator keeps the pages of its busiest moment, and how busy that is
//! depends on the machine. So resident memory may grow without a leak, with the
//! filter and without. The check leaves the allocator's pages out:
//!
//! 1. What the allocator has handed out shows a leak in Envoy.
//! 2. What is resident outside of the allocator shows a leak in V8, and so in the
//!    module.

use std::fmt;

use harness::envoy::EnvoyProcess;
use harness::process::{anonymous_memory, resident_memory};
use serde_json::Value;

/// Growth of each number that still counts as none, in KiB. 8 MiB in 10 million
/// requests are less than a byte for each.
const TOLERANCE_KIB: u64 = 8 * 1024;

/// Memory of an Envoy, in KiB.
#[derive(Clone, Copy)]
pub struct Memory {
    allocated: u64,
    outside: u64,
    resident: u64,
}

impl Memory {
    pub async fn of(envoy: &EnvoyProcess) -> Self {
        let text = envoy.admin().text("/memory").await;
        let report: Value = serde_json::from_str(&text).expect("memory in JSON");
        let kib = |name: &str| {
            let bytes = report[name].as_str().and_then(|bytes| bytes.parse::<u64>().ok());
            bytes.expect("bytes") / 1024
        };
        let heap = kib("heap_size") - kib("pageheap_unmapped");
        Self {
            allocated: kib("allocated"),
            outside: anonymous_memory(envoy.id()).saturating_sub(heap),
            resident: resident_memory(envoy.id()),
        }
    }

    pub fn has_grown_since(&self, first: &Self) -> bool {
        self.allocated > first.allocated + TOLERANCE_KIB
            || self.outside > first.outside + TOLERANCE_KIB
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { allocated, outside, resident } = self;
        write!(
            formatter,
            "{allocated} KiB allocated, {outside} KiB outside of the allocator, \
             {resident} KiB resident in all"
        )
    }
}
