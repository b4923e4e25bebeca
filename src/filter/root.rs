//! One plugin configuration in one VM: Envoy makes a new root context for
//! each, and keeps an old one for as long as a stream holds it.

use std::rc::Rc;

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{BufferType, ContextType, LogLevel};

use super::evidence::{Counts, Evidence};
use super::host;
use super::stream::Stream;
use crate::policy::Policy;

pub struct Root {
    id: u32,
    active: Rc<Active>,
    evidence: Option<Evidence>,
}

/// What the streams of a root context share.
#[derive(Default)]
pub struct Active {
    pub policy: Policy,
    pub counts: Counts,
}

impl Root {
    pub fn new(id: u32) -> Self {
        Self { id, active: Rc::default(), evidence: None }
    }
}

impl Context for Root {
    fn on_done(&mut self) -> bool {
        if let Some(evidence) = &self.evidence {
            evidence.add(&self.active.counts);
            evidence.withdraw(self.id);
        }
        true
    }
}

impl RootContext for Root {
    fn on_configure(&mut self, size: usize) -> bool {
        let Some(bytes) = configuration(size) else {
            host::log(
                LogLevel::Error,
                "plugin configuration refused: the proxy does not hand it out",
            );
            return false;
        };
        match Policy::from_json(&bytes) {
            Ok(policy) => {
                let evidence = Evidence::new();
                evidence.state(self.id, &policy);
                self.evidence = Some(evidence);
                self.active = Rc::new(Active { policy, counts: Counts::default() });
                true
            }
            Err(error) => {
                host::log(LogLevel::Error, &format!("plugin configuration refused: {error}"));
                false
            }
        }
    }

    fn on_tick(&mut self) {
        if let Some(evidence) = &self.evidence {
            evidence.add(&self.active.counts);
            evidence.confirm();
        }
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        if let Some(evidence) = &self.evidence {
            evidence.resume(self.id, &self.active.policy);
        }
        Some(Box::new(Stream::new(Rc::clone(&self.active))))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

fn configuration(size: usize) -> Option<Vec<u8>> {
    if size == 0 {
        return Some(Vec::new());
    }
    hostcalls::get_buffer(BufferType::PluginConfiguration, 0, size).ok().flatten()
}
