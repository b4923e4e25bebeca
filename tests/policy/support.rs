//! Shared setup and assertions of the policy tests.

use std::cell::RefCell;

use maintenance_filter::policy::{Decision, Policy};
use maintenance_filter::reply::Reply;
use maintenance_filter::request::RequestHead;
use maintenance_filter::window::Stage::InForce;

/// Request head that records which headers are read.
#[derive(Default)]
pub struct Head {
    headers: Vec<(&'static str, Vec<u8>)>,
    reads: RefCell<Vec<String>>,
}

impl Head {
    pub fn new(method: impl AsRef<[u8]>, path: impl AsRef<[u8]>) -> Self {
        Self::default().with(":method", method).with(":path", path)
    }

    pub fn get(path: impl AsRef<[u8]>) -> Self {
        Self::new("GET", path)
    }

    /// Head without a path, like that of a `CONNECT` request.
    pub fn without_path(method: &str) -> Self {
        Self::default().with(":method", method)
    }

    pub fn without_method(path: &str) -> Self {
        Self::default().with(":path", path)
    }

    /// Adds a header.
    pub fn with(mut self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name, value.as_ref().to_vec()));
        self
    }

    /// Names of the headers that were read, in order.
    pub fn names_read(&self) -> Vec<String> {
        self.reads.borrow().clone()
    }

    /// Numbers of reads of the path and of the method.
    pub fn reads(&self) -> (u32, u32) {
        let count = |name| self.reads.borrow().iter().filter(|read| *read == name).count();
        let [path, method] = [":path", ":method"].map(|name| u32::try_from(count(name)));
        (path.expect("few reads"), method.expect("few reads"))
    }
}

impl RequestHead for Head {
    fn header(&self, name: &str) -> Option<Vec<u8>> {
        self.reads.borrow_mut().push(name.into());
        let mut values = self.headers.iter().filter(|(other, _)| *other == name);
        values.next().map(|(_, value)| value.clone())
    }

    fn occurrences(&self, name: &str) -> usize {
        self.headers.iter().filter(|(other, _)| *other == name).count()
    }
}

/// Policy of a valid configuration.
#[track_caller]
pub fn policy(config: &str) -> Policy {
    match Policy::from_json(config.as_bytes()) {
        Ok(policy) => policy,
        Err(error) => panic!("{config}\nwas rejected: {error}"),
    }
}

/// Policy with maintenance enabled and a JSON list of exemptions.
#[track_caller]
pub fn exempting(exemptions: &str) -> Policy {
    policy(&format!(r#"{{"enabled": true, "exemptions": {exemptions}}}"#))
}

/// Error message of an invalid configuration.
#[track_caller]
pub fn refusal(config: impl AsRef<[u8]>) -> String {
    let result = Policy::from_json(config.as_ref());
    let message = result.expect_err("an invalid configuration was accepted").to_string();
    assert_readable(&message);
    message
}

/// Asserts that a message is one line of at most 400 characters and names the
/// field it is about.
#[track_caller]
pub fn assert_readable(message: &str) {
    assert!(!message.contains(char::is_control), "control characters in {message:?}");
    assert!(message.chars().count() <= 400, "too long: {message}");
    let prefixes = [
        "not valid JSON: ",
        "enabled: ",
        "dryRun: ",
        "window",
        "retryAfterSeconds: ",
        "retryAfterJitterSeconds: ",
        "exemptions",
        "scope",
        "bypass",
        "response",
    ];
    let names_field = prefixes.iter().any(|prefix| message.starts_with(prefix))
        || message.contains(" is not allowed: unknown field, ")
        || message.ends_with(" is not allowed: must be a JSON object")
        || message.ends_with(" without its other half");
    assert!(names_field, "no field named in {message}");
}

/// Reply to a request that is not exempt.
#[track_caller]
pub fn rejection(policy: &Policy) -> Reply {
    rejection_of(policy, &Head::get("/not-exempt"))
}

/// Reply to `head`, which must be rejected.
#[track_caller]
pub fn rejection_of(policy: &Policy, head: &Head) -> Reply {
    assert_eq!(policy.decide(InForce, head), Decision::Reject);
    policy.rejection(head, policy.retry_after(InForce, 0, |_| 0))
}

/// Asserts the value of a header; `None` if the reply must not have it.
#[track_caller]
pub fn assert_header(reply: &Reply, name: &str, expected: Option<&str>) {
    let values: Vec<_> =
        reply.headers.iter().filter(|(other, _)| other == name).map(|(_, v)| v.as_str()).collect();
    assert_eq!(values, Vec::from_iter(expected), "{name} in {:?}", reply.headers);
}
