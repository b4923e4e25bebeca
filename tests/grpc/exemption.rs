//! Exempt calls: a gRPC call is a POST request for `/package.Service/Method`.

use tonic::Code;

use crate::call::{Call, Library, Options};
use crate::support::start;

fn configuration(action: &str) -> String {
    format!(
        r#"{{"enabled": true, "exemptions": [{{"path": "/grpc.health.v1.Health/Check",
            "methods": ["POST"], "action": "{action}"}}]}}"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exempt_call_reaches_the_application() {
    for library in Library::ALL {
        let (envoy, upstream) = start(&configuration("Forward")).await;
        let options = Options::without_retry_policy();
        let outcome = Call::start(library, &envoy, &options).outcome().await;
        assert_eq!(outcome.code, Code::Ok, "{outcome:?}");
        assert_eq!(upstream.requests().len(), 1, "{outcome:?}");
    }
}

/// The proxy has no gRPC message to respond with.
#[tokio::test(flavor = "multi_thread")]
async fn respond_is_not_a_successful_call() {
    for library in Library::ALL {
        let (envoy, upstream) = start(&configuration("Respond")).await;
        let options = Options::without_retry_policy();
        let outcome = Call::start(library, &envoy, &options).outcome().await;
        assert_eq!(outcome.code, Code::Unknown, "{outcome:?}");
        upstream.assert_untouched();
    }
}
