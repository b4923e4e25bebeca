//! `grpc-retry-pushback-ms` on the reply to a gRPC request.

use maintenance_filter::window::Stage::InForce;

use crate::support::{Head, assert_header, policy, rejection_of};

const HEADER: &str = "grpc-retry-pushback-ms";

fn grpc(content_type: &str) -> Head {
    Head::new("POST", "/shop.Orders/List").with("content-type", content_type)
}

#[test]
fn a_grpc_request_is_told_when_to_try_again() {
    for (pushback, expected) in
        [("None", None), ("Never", Some("-1")), ("RetryAfter", Some("300000"))]
    {
        let policy = policy(&format!(
            r#"{{"enabled": true, "retryAfterSeconds": 300,
                "response": {{"grpcRetryPushback": "{pushback}"}}}}"#
        ));
        for content_type in ["application/grpc", "application/grpc+proto", "application/grpc;x=y"] {
            let reply = rejection_of(&policy, &grpc(content_type));
            assert_header(&reply, HEADER, expected);
            assert_header(&reply, "retry-after", Some("300"));
        }
        for content_type in ["application/json", "application/grpc-web", "APPLICATION/GRPC", ""] {
            assert_header(&rejection_of(&policy, &grpc(content_type)), HEADER, None);
        }
        assert_header(&rejection_of(&policy, &Head::get("/")), HEADER, None);
    }
}

#[test]
fn pushback_and_retry_after_agree_during_a_countdown_with_jitter() {
    let policy = policy(
        r#"{"enabled": true, "window": {"end": "1970-01-01T00:01:40Z"},
            "retryAfterJitterSeconds": 60, "response": {"grpcRetryPushback": "RetryAfter"}}"#,
    );
    let head = grpc("application/grpc");
    let reply = policy.rejection(&head, policy.retry_after(InForce, 90, |_| 7));
    assert_header(&reply, "retry-after", Some("17"));
    assert_header(&reply, HEADER, Some("17000"));
}

#[test]
fn a_header_of_the_configuration_replaces_the_pushback() {
    let policy = policy(
        r#"{"enabled": true, "response": {"grpcRetryPushback": "Never",
            "headers": {"grpc-retry-pushback-ms": "5"}}}"#,
    );
    assert_header(&rejection_of(&policy, &grpc("application/grpc")), HEADER, Some("5"));
}

/// Envoy sends the body as `grpc-message`, and some clients fail on more than 8 KiB of
/// metadata.
#[test]
fn a_body_that_grpc_clients_cannot_read_is_replaced_by_the_default() {
    for (length, is_replaced) in [(2048, false), (2049, true), (65_536, true)] {
        let body = "x".repeat(length);
        let policy = policy(&format!(
            r#"{{"enabled": true, "response": {{"body": "{body}", "contentType": "text/plain"}}}}"#
        ));
        assert_eq!(policy.fixed_rejection().is_none(), is_replaced, "{length}");
        let reply = rejection_of(&policy, &grpc("application/grpc"));
        assert_eq!(*reply.body != *body, is_replaced, "{length}");
        assert_eq!(*rejection_of(&policy, &Head::get("/")).body, *body, "{length}");
    }
}
