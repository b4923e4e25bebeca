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

/// grpcio fails with another status on more than 8 KiB of metadata, and the body is a
/// part of it.
#[tokio::test(flavor = "multi_thread")]
async fn the_body_is_the_message_of_the_status_unless_it_is_too_long() {
    for length in [2048, 2049, 65_536] {
        let body = "x".repeat(length);
        let configuration = format!(r#"{{"enabled": true, "response": {{"body": "{body}"}}}}"#);
        for library in Library::ALL {
            let options = Options::without_retry_policy();
            let outcome = rejected_call(library, &configuration, &options, 1).await;
            if length > 2048 {
                assert!(outcome.message.starts_with(r#"{"error":"maintenance""#), "{outcome:?}");
            } else {
                assert_eq!(outcome.message, body, "{outcome:?}");
            }
        }
    }
}
