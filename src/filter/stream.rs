//! One request.

use std::rc::Rc;

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, MapType};

use super::host;
use super::root::Active;
use crate::policy::{Decision, RequestHead};

pub struct Stream {
    active: Rc<Active>,
}

impl Stream {
    pub fn new(active: Rc<Active>) -> Self {
        Self { active }
    }
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let reply = match self.active.policy.decide(&Host) {
            Decision::Pass => return Action::Continue,
            Decision::Forward => {
                self.active.counts.exempted();
                return Action::Continue;
            }
            Decision::Respond(reply) => {
                self.active.counts.exempted();
                reply
            }
            Decision::Reject(reply) => {
                self.active.counts.rejected();
                reply
            }
        };
        host::send(reply);
        // Sent or not, the request goes no further.
        Action::Pause
    }
}

/// The head of the request that the host is handing over.
struct Host;

impl Host {
    fn header(name: &str) -> Option<Vec<u8>> {
        hostcalls::get_map_value_bytes(MapType::HttpRequestHeaders, name).ok().flatten()
    }
}

impl RequestHead for Host {
    fn path(&self) -> Option<Vec<u8>> {
        Self::header(":path")
    }

    fn method(&self) -> Option<Vec<u8>> {
        Self::header(":method")
    }
}
