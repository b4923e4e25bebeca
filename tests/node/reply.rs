//! Replies to the callers.

use std::collections::BTreeMap;

use harness::client::Answer;
use harness::upstream::BODY;
use hyper::header::HeaderValue;
use maintenance_filter::limits::DEFAULT_BODY;
use serde::Deserialize;

/// Reply to a request, in the format of `app call`.
#[derive(Clone, Debug, Deserialize)]
pub struct Reply {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Reply {
    /// Value of a header; empty if it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
        Self {
            status: answer.status,
            headers: answer.headers.iter().map(|(name, v)| (name.to_string(), text(v))).collect(),
            body: String::from_utf8_lossy(&answer.body).into_owned(),
        }
    }
}

/// Whether a reply is the application's.
pub fn is_application(reply: &Reply) -> bool {
    reply.status == 200 && reply.body == BODY
}

/// Asserts that a reply is the maintenance reply of the shipped manifests.
#[track_caller]
pub fn assert_maintenance(reply: &Reply) {
    assert_eq!(reply.status, 503, "{reply:?}");
    assert_eq!(reply.header("retry-after"), "300", "{reply:?}");
    assert_eq!(reply.header("content-type"), "application/json", "{reply:?}");
    assert_eq!(reply.header("cache-control"), "no-store", "{reply:?}");
    assert_eq!(reply.body, DEFAULT_BODY, "{reply:?}");
}
