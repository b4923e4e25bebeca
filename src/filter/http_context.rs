//! The HTTP context: one request.

use std::rc::Rc;

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, MapType};

use super::local_reply::LocalReply;
use super::plugin::Plugin;
use crate::policy::{Decision, Policy};
use crate::request::RequestHead;

/// A request under the configuration that was in force when it began. `None` if the
/// configuration does not concern requests: it is disabled, or its window has ended.
///
/// `None` also if there is no configuration. Envoy serves requests on such a root
/// context only if a capability restriction omits `proxy_on_configure`.
pub struct MaintenanceStream(pub Option<Rc<Plugin>>);

impl Context for MaintenanceStream {}

impl HttpContext for MaintenanceStream {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        let Self(Some(plugin)) = self else {
            return Action::Continue;
        };
        let (stage, now) = plugin.stage();
        let decision = plugin.policy.decide(stage, &CurrentRequest);
        plugin.counts.add(decision);
        match (decision, &plugin.fixed_rejection) {
            (Decision::Respond, _) => plugin.exempt_reply.send(),
            (Decision::Reject, Some(rejection)) => rejection.send(),
            (Decision::Reject, None) => {
                let retry_after = plugin.retry_after(stage, now);
                LocalReply::from(plugin.policy.rejection(&CurrentRequest, retry_after)).send();
            }
            (Decision::Preflight, _) => {
                LocalReply::from(plugin.policy.preflight_reply(&CurrentRequest)).send();
            }
            _ => {
                remove_token(&plugin.policy);
                return Action::Continue;
            }
        }
        Action::Pause
    }
}

/// The request whose headers Envoy is handing over.
struct CurrentRequest;

impl RequestHead for CurrentRequest {
    /// Returns bytes, because a value need not be UTF-8. `None` if it cannot be
    /// read; the policy then rejects the request: maintenance fails closed.
    fn header(&self, name: &str) -> Option<Vec<u8>> {
        hostcalls::get_map_value_bytes(MapType::HttpRequestHeaders, name).ok().flatten()
    }

    fn occurrences(&self, name: &str) -> usize {
        let headers = hostcalls::get_map_bytes(MapType::HttpRequestHeaders).unwrap_or_default();
        headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name)).count()
    }
}

/// Keeps a token from the application, whether it was accepted or not.
fn remove_token(policy: &Policy) {
    if let Some(bypass) = &policy.bypass {
        // `Err` is never returned: the SDK panics on a failure.
        let _ = hostcalls::remove_map_value(MapType::HttpRequestHeaders, bypass.header());
    }
}
