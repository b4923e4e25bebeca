//! What every test of the policy needs.

use std::cell::Cell;

use maintenance_filter::policy::{Decision, Policy, RequestHead};
use maintenance_filter::reply::Reply;

/// A request head that counts what it is asked.
#[derive(Default)]
pub struct Head {
    path: Option<Vec<u8>>,
    method: Option<Vec<u8>>,
    asked_path: Cell<u32>,
    asked_method: Cell<u32>,
}

impl Head {
    pub fn new(method: impl AsRef<[u8]>, path: impl AsRef<[u8]>) -> Self {
        let text = |text: &[u8]| Some(text.to_vec());
        Self { path: text(path.as_ref()), method: text(method.as_ref()), ..Self::default() }
    }

    pub fn get(path: impl AsRef<[u8]>) -> Self {
        Self::new("GET", path)
    }

    /// As `CONNECT` comes: without a path.
    pub fn without_path(method: &str) -> Self {
        Self { method: Some(method.into()), ..Self::default() }
    }

    pub fn without_method(path: &str) -> Self {
        Self { path: Some(path.into()), ..Self::default() }
    }

    /// How often the path and the method were asked for.
    pub fn asked(&self) -> (u32, u32) {
        (self.asked_path.get(), self.asked_method.get())
    }
}

impl RequestHead for Head {
    fn path(&self) -> Option<Vec<u8>> {
        self.asked_path.set(self.asked_path.get() + 1);
        self.path.clone()
    }

    fn method(&self) -> Option<Vec<u8>> {
        self.asked_method.set(self.asked_method.get() + 1);
        self.method.clone()
    }
}

/// The policy of a configuration that must be valid.
#[track_caller]
pub fn policy(config: &str) -> Policy {
    match Policy::from_json(config.as_bytes()) {
        Ok(policy) => policy,
        Err(error) => panic!("{config}\nwas refused: {error}"),
    }
}

/// Maintenance in force with these `exemptions`, the list as JSON.
#[track_caller]
pub fn exempting(exemptions: &str) -> Policy {
    policy(&format!(r#"{{"enabled": true, "exemptions": {exemptions}}}"#))
}

/// The message with which a configuration is refused.
#[track_caller]
pub fn refusal(config: impl AsRef<[u8]>) -> String {
    let result = Policy::from_json(config.as_ref());
    let message = result.expect_err("an invalid configuration was accepted").to_string();
    assert_readable(&message);
    message
}

/// One line of bounded length that names what it is about.
#[track_caller]
pub fn assert_readable(message: &str) {
    assert!(!message.contains(char::is_control), "more than one line: {message:?}");
    assert!(message.chars().count() <= 400, "too long: {message}");
    let places = ["not valid JSON: ", "enabled: ", "retryAfterSeconds: ", "exemptions", "response"];
    let names_field = places.iter().any(|place| message.starts_with(place))
        || message.contains(" is not allowed: unknown field, ")
        || message.ends_with(" is not allowed: must be a JSON object")
        || message.ends_with(" without its other half");
    assert!(names_field, "names no field: {message}");
}

/// The reply to a request that is not exempt.
#[track_caller]
pub fn rejection(policy: &Policy) -> &Reply {
    assert_eq!(policy.decide(&Head::get("/not-exempt")), Decision::Reject);
    &policy.rejection
}
