//! Clients that have a retry policy, with each value of `response.grpcRetryPushback`.

use std::time::Duration;

use tonic::Code;

use crate::call::{Call, Library, Options};
use crate::support::{
    OFF, RETRY_AFTER, assert_unavailable_at_once, eventually_rejected, maintenance, rejected_call,
    start,
};

#[tokio::test(flavor = "multi_thread")]
async fn with_retry_after_a_client_waits_before_each_retry() {
    for library in Library::ALL {
        let options = Options::with_max_attempts(3);
        let outcome = rejected_call(library, &maintenance("RetryAfter"), &options, 3).await;
        assert_eq!(outcome.code, Code::Unavailable, "{outcome:?}");
        for pair in outcome.tries.windows(2) {
            assert!(pair[1].longest_since(&pair[0]) >= RETRY_AFTER, "{outcome:?}");
            assert!(pair[1].shortest_since(&pair[0]) < 2 * RETRY_AFTER, "{outcome:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_retry_after_the_application_does_not_notice_a_short_maintenance() {
    for library in Library::ALL {
        let (mut envoy, upstream) = start(&maintenance("RetryAfter")).await;
        let mut call = Call::start(library, &envoy, &Options::with_max_attempts(5));
        call.reaches_try(1).await;
        envoy.switch(OFF).await;
        let outcome = call.outcome().await;
        assert_eq!(outcome.code, Code::Ok, "{outcome:?}");
        assert!(outcome.tries[1].longest_since(&outcome.tries[0]) >= RETRY_AFTER, "{outcome:?}");
        assert_eq!(upstream.requests().len(), 1, "{outcome:?}");
        eventually_rejected(&envoy, outcome.tries.len() - 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_never_a_client_does_not_retry() {
    for library in Library::ALL {
        let options = Options::with_max_attempts(4);
        let outcome = rejected_call(library, &maintenance("Never"), &options, 1).await;
        assert_unavailable_at_once(&outcome);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_none_a_client_retries_after_its_own_backoff() {
    for library in Library::ALL {
        let options = Options::with_max_attempts(4);
        let outcome = rejected_call(library, &maintenance("None"), &options, 4).await;
        assert_unavailable_at_once(&outcome);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_deadline_is_before_the_retry_waits_for_its_deadline() {
    let deadline = Duration::from_secs(2);
    let configuration = r#"{"enabled": true, "retryAfterSeconds": 60,
        "response": {"grpcRetryPushback": "RetryAfter"}}"#;
    for library in Library::ALL {
        let options = Options { deadline, ..Options::with_max_attempts(3) };
        let outcome = rejected_call(library, configuration, &options, 1).await;
        assert_eq!(outcome.code, Code::DeadlineExceeded, "{outcome:?}");
        assert!(outcome.duration >= deadline, "{outcome:?}");
    }
}
