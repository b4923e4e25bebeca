//! Shared setup and assertions of the policy tests.

use std::cell::Cell;

use maintenance_filter::policy::{Decision, Policy, RequestHead};
use maintenance_filter::reply::Reply;

/// Request head that counts how often its fields are read.
#[derive(Default)]
pub struct Head {
    path: Option<Vec<u8>>,
    method: Option<Vec<u8>>,
    path_reads: Cell<u32>,
    method_reads: Cell<u32>,
}

impl Head {
    pub fn new(method: impl AsRef<[u8]>, path: impl AsRef<[u8]>) -> Self {
        let text = |text: &[u8]| Some(text.to_vec());
        Self { path: text(path.as_ref()), method: text(method.as_ref()), ..Self::default() }
    }

    pub fn get(path: impl AsRef<[u8]>) -> Self {
        Self::new("GET", path)
    }

    /// Head without a path, like that of a `CONNECT` request.
    pub fn without_path(method: &str) -> Self {
        Self { method: Some(method.into()), ..Self::default() }
    }

    pub fn without_method(path: &str) -> Self {
        Self { path: Some(path.into()), ..Self::default() }
    }

    /// Numbers of reads of the path and of the method.
    pub fn reads(&self) -> (u32, u32) {
        (self.path_reads.get(), self.method_reads.get())
    }
}

impl RequestHead for Head {
    fn path(&self) -> Option<Vec<u8>> {
        self.path_reads.set(self.path_reads.get() + 1);
        self.path.clone()
    }

    fn method(&self) -> Option<Vec<u8>> {
        self.method_reads.set(self.method_reads.get() + 1);
        self.method.clone()
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
    let prefixes =
        ["not valid JSON: ", "enabled: ", "retryAfterSeconds: ", "exemptions", "response"];
    let names_field = prefixes.iter().any(|prefix| message.starts_with(prefix))
        || message.contains(" is not allowed: unknown field, ")
        || message.ends_with(" is not allowed: must be a JSON object")
        || message.ends_with(" without its other half");
    assert!(names_field, "no field named in {message}");
}

/// Reply to a request that is not exempt.
#[track_caller]
pub fn rejection(policy: &Policy) -> &Reply {
    assert_eq!(policy.decide(&Head::get("/not-exempt")), Decision::Reject);
    &policy.rejection
}
