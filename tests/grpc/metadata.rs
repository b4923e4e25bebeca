//! Status and metadata that the application can read when its call fails.

use crate::call::{Library, Options};
use crate::support::{maintenance, rejected_call};

#[tokio::test(flavor = "multi_thread")]
async fn the_application_reads_retry_after_in_the_trailers() {
    for (pushback, expected) in
        [("None", None), ("Never", Some("-1")), ("RetryAfter", Some("2000"))]
    {
        for library in Library::ALL {
            let options = Options::without_retry_policy();
            let outcome = rejected_call(library, &maintenance(pushback), &options, 1).await;
            assert_eq!(outcome.trailers["retry-after"], ["2"], "{outcome:?}");
            let sent = outcome.trailers.get("grpc-retry-pushback-ms");
            assert_eq!(sent.map(|values| values.join(",")).as_deref(), expected, "{outcome:?}");
            assert!(outcome.initial_metadata.is_empty(), "{outcome:?}");
        }
    }
}

/// grpcio accepts 8 KiB of metadata, and the body is a part of it.
#[tokio::test(flavor = "multi_thread")]
async fn the_body_is_the_message_of_the_status() {
    let body = "x".repeat(7 << 10);
    let configuration = format!(r#"{{"enabled": true, "response": {{"body": "{body}"}}}}"#);
    for library in Library::ALL {
        let options = Options::without_retry_policy();
        let outcome = rejected_call(library, &configuration, &options, 1).await;
        assert_eq!(outcome.message, body, "{outcome:?}");
    }
}
