//! Events that a host causes in the module, and their outcomes.

use super::plugin::Plugin;

/// Header fields of a request, pseudo-headers included.
pub type Head = Vec<(&'static str, Vec<u8>)>;

/// A callback, or a change of the host.
#[derive(Clone, Debug)]
pub enum Event {
    /// `proxy_on_context_create` of a root context.
    Root(u32),
    VmStart(u32),
    Configure(u32, &'static str),
    /// `proxy_on_context_create` of a stream on a root context.
    Stream(u32, u32),
    Headers(u32, Head),
    Tick(u32),
    Delete(u32),
    /// The host's clock, in seconds since 1970.
    Now(u64),
}

/// Outcome of an [`Event`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// The callback has no result, or one that says that all is well.
    Done,
    /// The configuration was accepted.
    Accepted,
    /// The configuration was refused.
    Refused,
    /// The request goes on to the application.
    Passed,
    /// The host answers the request with this status.
    Answered(u32),
    /// The host resets the request.
    Reset,
    Trapped,
}

impl Event {
    /// Name of the callback; `None` for a change of the host.
    pub fn callback(&self) -> Option<&'static str> {
        match self {
            Self::Root(_) | Self::Stream(..) => Some("proxy_on_context_create"),
            Self::VmStart(_) => Some("proxy_on_vm_start"),
            Self::Configure(..) => Some("proxy_on_configure"),
            Self::Headers(..) => Some("proxy_on_request_headers"),
            Self::Tick(_) => Some("proxy_on_tick"),
            Self::Delete(_) => Some("proxy_on_delete"),
            Self::Now(_) => None,
        }
    }
}

impl Plugin {
    /// Makes `event` happen. The host's list of calls is then of this event.
    pub fn apply(&mut self, event: &Event) -> Outcome {
        self.host().calls.clear();
        self.host().reply = None;
        let arguments = match event {
            Event::Root(id) | Event::VmStart(id) => vec![*id, 0],
            Event::Stream(id, root) => vec![*id, *root],
            Event::Tick(id) | Event::Delete(id) => vec![*id],
            Event::Configure(id, json) => {
                self.host().configuration = json.as_bytes().to_vec();
                vec![*id, size(json.len())]
            }
            Event::Headers(id, head) => {
                self.host().set_head(head);
                vec![*id, size(head.len()), 1]
            }
            Event::Now(seconds) => {
                self.host().now = *seconds;
                return Outcome::Done;
            }
        };
        let callback = event.callback().expect("not a change of the host");
        match self.try_call(callback, &arguments) {
            Err(_) => Outcome::Trapped,
            Ok(result) => self.outcome(event, result),
        }
    }

    fn outcome(&mut self, event: &Event, result: Option<u32>) -> Outcome {
        let reply = self.host().reply.as_ref().map(|reply| reply.status);
        let is_reset = self.host().calls.contains(&"close_stream");
        match (event, result, reply) {
            (Event::Configure(..), Some(0), None) => Outcome::Refused,
            (Event::Configure(..), Some(1), None) => Outcome::Accepted,
            (Event::Headers(..), Some(0), None) if !is_reset => Outcome::Passed,
            (Event::Headers(..), Some(1), Some(status)) if !is_reset => Outcome::Answered(status),
            (Event::Headers(..), Some(1), None) if is_reset => Outcome::Reset,
            (Event::VmStart(_), Some(1), None) => Outcome::Done,
            (Event::Root(_) | Event::Stream(..) | Event::Tick(_) | Event::Delete(_), _, None) => {
                Outcome::Done
            }
            _ => panic!("{event:?} returned {result:?} with reply {reply:?}, reset: {is_reset}"),
        }
    }
}

fn size(length: usize) -> u32 {
    u32::try_from(length).expect("a size of wasm32")
}
