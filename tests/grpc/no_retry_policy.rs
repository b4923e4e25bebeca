//! Clients that have no retry policy: nothing that the proxy sends makes them retry.

use crate::call::{Library, Options};
use crate::support::{assert_unavailable_at_once, maintenance, rejected_call};

async fn assert_one_try(pushback: &str, options: &Options) {
    for library in Library::ALL {
        let outcome = rejected_call(library, &maintenance(pushback), options, 1).await;
        assert_unavailable_at_once(&outcome);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_fails_at_once_with_retry_after() {
    assert_one_try("RetryAfter", &Options::without_retry_policy()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_fails_at_once_with_never() {
    assert_one_try("Never", &Options::without_retry_policy()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_fails_at_once_with_none() {
    assert_one_try("None", &Options::without_retry_policy()).await;
}

/// Such a call waits for a connection, and the connection to the proxy is ready.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_waits_for_ready_fails_at_once() {
    let options = Options { wait_for_ready: true, ..Options::without_retry_policy() };
    assert_one_try("RetryAfter", &options).await;
}
