//! Replies to gRPC requests.
//!
//! `grpc-retry-pushback-ms` tells a gRPC client that has a retry policy when to
//! try again ([gRPC A6](https://github.com/grpc/proposal/blob/master/A6-client-retries.md#pushback)).
//! gRPC clients do not read `Retry-After`.

use serde::Deserialize;

use super::{Reply, RetryAfter};
use crate::request::RequestHead;

/// The field `response.grpcRetryPushback`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(extend("default" = "None")))]
pub enum GrpcRetryPushback {
    /// The reply has no `grpc-retry-pushback-ms`.
    #[default]
    None,
    /// The client does not try again. The value is `-1`.
    Never,
    /// The client tries again after `Retry-After`. The value is `Retry-After` in milliseconds.
    RetryAfter,
}

impl GrpcRetryPushback {
    /// Adds the header to `reply` if `head` is a gRPC request.
    pub(super) fn add_header(
        self,
        head: &impl RequestHead,
        retry_after: RetryAfter,
        reply: &mut Reply,
    ) {
        let pushback = match self {
            Self::None => return,
            Self::Never => "-1".into(),
            Self::RetryAfter => format!("{retry_after}000"),
        };
        if is_grpc(head) {
            reply.add_default("grpc-retry-pushback-ms", &pushback);
        }
    }
}

/// Returns whether `head` is a gRPC request, as Envoy decides it: by the media type
/// `application/grpc`, alone or with a suffix after `+`.
pub(super) fn is_grpc(head: &impl RequestHead) -> bool {
    head.header("content-type").is_some_and(|media_type| {
        let rest = media_type.strip_prefix(b"application/grpc");
        rest.is_some_and(|rest| matches!(rest, [] | [b'+', ..]))
    })
}
