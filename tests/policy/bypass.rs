//! Bypass: who is let through with a token.

use maintenance_filter::policy::Decision::{Bypass, Forward, Pass, Reject};
use maintenance_filter::policy::Policy;
use maintenance_filter::window::Stage::InForce;

use crate::support::{Head, policy};

/// Digests of `test` and of `other`.
const DIGESTS: [&str; 2] = [
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa",
];

fn bypassed(digests: &[&str]) -> Policy {
    policy(&format!(
        r#"{{"enabled": true, "bypass": {{"header": "X-Token", "sha256": {digests:?}}}}}"#
    ))
}

#[test]
fn each_listed_token_is_let_through_and_no_other() {
    let policy = bypassed(&DIGESTS);
    for token in ["test", "other"] {
        assert_eq!(
            policy.decide(InForce, &Head::get("/").with("x-token", token)),
            Bypass,
            "{token}"
        );
    }
    for token in ["", "tes", "test ", "TEST", "test,test", DIGESTS[0]] {
        assert_eq!(
            policy.decide(InForce, &Head::get("/").with("x-token", token)),
            Reject,
            "{token}"
        );
    }
    assert_eq!(policy.decide(InForce, &Head::get("/")), Reject);
    assert_eq!(policy.decide(InForce, &Head::get("/").with("token", "test")), Reject);
}

#[test]
fn a_repeated_header_is_no_bypass() {
    for others in [["test"].as_slice(), &["other"], &["a"], &["", "test"]] {
        let mut head = Head::get("/").with("x-token", "test");
        for other in others {
            head = head.with("x-token", other);
        }
        assert_eq!(bypassed(&DIGESTS).decide(InForce, &head), Reject, "{others:?}");
    }
}

#[test]
fn a_digest_may_be_written_in_upper_case() {
    let policy = bypassed(&[&DIGESTS[0].to_uppercase()]);
    assert_eq!(policy.decide(InForce, &Head::get("/").with("x-token", "test")), Bypass);
}

/// SHA-256 digests of 256 and of 257 times `a`.
#[test]
fn a_token_has_at_most_256_bytes() {
    let policy = bypassed(&[
        "02d7160d77e18c6447be80c2e355c7ed4388545271702c50253b0914c65ce5fe",
        "e8d95cc2b4bc198c54b40bd214df958afb65f5e73d2c2eafe0593cf5c635c1f0",
    ]);
    assert_eq!(policy.decide(InForce, &Head::get("/").with("x-token", "a".repeat(256))), Bypass);
    assert_eq!(policy.decide(InForce, &Head::get("/").with("x-token", "a".repeat(257))), Reject);
}

#[test]
fn the_token_is_read_only_if_the_request_would_be_rejected() {
    let policy = bypassed(&DIGESTS);
    let exempt = Head::get("/load-balancer/health-check").with("x-token", "test");
    assert_eq!(policy.decide(InForce, &exempt), Forward);
    assert_eq!(exempt.names_read(), [":path", ":method"]);
    let rejected = Head::get("/");
    assert_eq!(policy.decide(InForce, &rejected), Reject);
    assert_eq!(rejected.names_read(), [":path", "x-token"]);
}

#[test]
fn a_disabled_bypass_reads_nothing() {
    let config = format!(r#"{{"bypass": {{"header": "x-token", "sha256": {DIGESTS:?}}}}}"#);
    let head = Head::get("/").with("x-token", "test");
    assert_eq!(policy(&config).decide(InForce, &head), Pass);
    assert_eq!(head.names_read(), [""; 0]);
}

#[test]
fn the_log_says_how_many_tokens_and_nothing_else_about_them() {
    let summary = "maintenance is on: Retry-After 60 s, exempt paths 1, bypass tokens 2";
    assert_eq!(bypassed(&DIGESTS).summary(InForce), summary);
}
