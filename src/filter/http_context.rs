//! The HTTP context: one request.

use std::rc::Rc;

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, MapType};

use super::metrics::increment;
use super::root_context::Plugin;
use crate::policy::{Decision, RequestHead};

/// A request under the configuration that was in force when it began.
///
/// Without a configuration a request passes: until one says so, no service is in
/// maintenance. Envoy serves no request on a root context whose configuration was
/// refused. It does on one that it never configured, which takes a capability
/// restriction without `proxy_on_configure`.
pub struct MaintenanceStream(pub Option<Rc<Plugin>>);

impl Context for MaintenanceStream {}

impl HttpContext for MaintenanceStream {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        let Self(Some(plugin)) = self else {
            return Action::Continue;
        };
        let reply = match plugin.policy.decide(&CurrentRequest) {
            Decision::Pass => return Action::Continue,
            Decision::Forward => {
                increment(&plugin.counts.exempted);
                return Action::Continue;
            }
            Decision::Respond => {
                increment(&plugin.counts.exempted);
                &plugin.exempt_reply
            }
            Decision::Reject => {
                increment(&plugin.counts.rejected);
                &plugin.rejection
            }
        };
        reply.send();
        Action::Pause
    }
}

/// The request whose headers Envoy is handing over.
struct CurrentRequest;

impl RequestHead for CurrentRequest {
    fn path(&self) -> Option<Vec<u8>> {
        header(":path")
    }

    fn method(&self) -> Option<Vec<u8>> {
        header(":method")
    }
}

/// Returns a request header as bytes, because it need not be UTF-8. Without a
/// header that it cannot read, the policy rejects: maintenance fails closed.
fn header(name: &str) -> Option<Vec<u8>> {
    hostcalls::get_map_value_bytes(MapType::HttpRequestHeaders, name).ok().flatten()
}
