//! One plugin configuration in one VM: Envoy makes a new root context for
//! each, and keeps an old one for as long as a stream holds it.

use alloc::vec::Vec;

use super::evidence::{Counts, Evidence, Metrics};
use super::host::{self, Level};
use super::vm::Verdict;
use crate::in_force::InForce;
use crate::policy::{Decision, Policy, RequestHead};
use crate::text::joined;

const REFUSED: &str = "plugin configuration refused: ";

pub struct Root {
    pub id: u32,
    policy: Policy,
    counts: Counts,
    evidence: Option<Evidence>,
}

impl Root {
    pub fn new(id: u32) -> Self {
        Self { id, policy: Policy::default(), counts: Counts::default(), evidence: None }
    }

    pub fn configure(
        &mut self,
        size: usize,
        metrics: &mut Option<Metrics>,
        in_force: &mut InForce,
    ) -> bool {
        let Some(bytes) = host::configuration(size) else {
            host::log(Level::Error, &joined(&[REFUSED, "the proxy does not hand it out"]));
            return false;
        };
        match Policy::from_json(&bytes) {
            Ok(policy) => {
                let evidence = Evidence::new(*metrics.get_or_insert_with(Metrics::define));
                evidence.state(self.id, &policy, in_force);
                self.policy = policy;
                self.evidence = Some(evidence);
                true
            }
            Err(error) => {
                host::log(Level::Error, &joined(&[REFUSED, error.as_str()]));
                false
            }
        }
    }

    /// Hands over what the host has not been told yet.
    pub fn report(&mut self, in_force: &InForce) {
        if let Some(evidence) = &self.evidence {
            evidence.add(&mut self.counts);
            evidence.confirm(in_force);
        }
    }

    pub fn request(&mut self, in_force: &mut InForce) -> Verdict {
        if in_force.has_vacancy() {
            self.resume(in_force);
        }
        let reply = match self.policy.decide(&Host) {
            Decision::Pass => return Verdict::Passes,
            Decision::Forward => {
                self.counts.exempted();
                return Verdict::Passes;
            }
            Decision::Respond(reply) => {
                self.counts.exempted();
                reply
            }
            Decision::Reject(reply) => {
                self.counts.rejected();
                reply
            }
        };
        // Sent or not, the request goes no further.
        host::send(reply);
        Verdict::Answered
    }

    #[cold]
    #[inline(never)]
    fn resume(&self, in_force: &mut InForce) {
        if let Some(evidence) = &self.evidence {
            evidence.resume(self.id, &self.policy, in_force);
        }
    }

    pub fn withdraw(mut self, in_force: &mut InForce) {
        if let Some(evidence) = &self.evidence {
            evidence.add(&mut self.counts);
            evidence.withdraw(self.id, &self.policy, in_force);
        }
    }
}

/// The head of the request that the host is handing over.
struct Host;

impl RequestHead for Host {
    fn path(&self) -> Option<Vec<u8>> {
        host::request_header(":path")
    }

    fn method(&self) -> Option<Vec<u8>> {
        host::request_header(":method")
    }
}
