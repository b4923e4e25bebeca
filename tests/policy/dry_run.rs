//! Dry run: requests are counted as if maintenance were in force, and pass.

use maintenance_filter::policy::Decision::{Bypass, OutOfScope, Pass, WouldExempt, WouldReject};
use maintenance_filter::policy::Mode;
use maintenance_filter::window::Stage::InForce;

use crate::support::{Head, policy};

#[test]
fn a_dry_run_rejects_nothing_and_answers_nothing() {
    let policy = policy(
        r#"{"enabled": true, "dryRun": true, "exemptions": [
            {"path": "/live"}, {"path": "/ready", "action": "Respond"}]}"#,
    );
    assert_eq!(policy.mode(InForce), Mode::DryRun);
    for (path, expected) in [("/live", WouldExempt), ("/ready", WouldExempt), ("/", WouldReject)] {
        assert_eq!(policy.decide(InForce, &Head::get(path)), expected, "{path}");
    }
    assert_eq!(
        policy.summary(InForce),
        "maintenance is in dry run: Retry-After 60 s, exempt paths 2"
    );
}

#[test]
fn a_dry_run_that_is_disabled_is_off() {
    let policy = policy(r#"{"enabled": false, "dryRun": true}"#);
    assert_eq!(policy.mode(InForce), Mode::Off);
    let head = Head::get("/");
    assert_eq!(policy.decide(InForce, &head), Pass);
    assert_eq!(head.names_read(), [""; 0]);
}

#[test]
fn a_dry_run_tells_what_is_out_of_scope_and_what_is_bypassed() {
    let policy = policy(
        r#"{"enabled": true, "dryRun": true, "scope": {"pathPrefixes": ["/shop/"]},
            "bypass": {"header": "x-token",
                "sha256": ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]}}"#,
    );
    assert_eq!(policy.decide(InForce, &Head::get("/blog/")), OutOfScope);
    assert_eq!(policy.decide(InForce, &Head::get("/shop/").with("x-token", "test")), Bypass);
    assert_eq!(policy.decide(InForce, &Head::get("/shop/").with("x-token", "tesT")), WouldReject);
}
