//! Limits and defaults of the plugin configuration.
//!
//! Error messages and the JSON Schema are made from these constants. JSON Schema
//! counts characters where a limit counts bytes, so it accepts a few texts beyond
//! ASCII that the filter refuses. A change here needs a row in
//! `tests/configurations.json`.

use core::ops::RangeInclusive;

/// Allowed `Retry-After`, in seconds. At least 1: clients have been seen to retry
/// without a pause on 0. At most a week.
pub const RETRY_AFTER_SECONDS: RangeInclusive<u32> = 1..=604_800;
/// `Retry-After` of a configuration that names none, in seconds.
pub const DEFAULT_RETRY_AFTER_SECONDS: u32 = 60;
/// Allowed jitter of `Retry-After`, in seconds. At most a day.
pub const RETRY_AFTER_JITTER_SECONDS: RangeInclusive<u32> = 0..=86_400;

/// Largest number of exemptions.
pub const MAX_EXEMPTIONS: usize = 64;
/// Number of methods that an exemption may list.
pub const METHODS: RangeInclusive<usize> = 1..=32;
/// Longest path or path prefix of an exemption, in bytes.
pub const MAX_PATH_BYTES: usize = 1024;
/// Path that is exempt when the configuration lists no exemptions.
pub const DEFAULT_EXEMPT_PATH: &str = "/load-balancer/health-check";
/// Method of an exemption that lists none.
pub const DEFAULT_METHOD: &str = "GET";

/// Number of hosts, and of path prefixes, that a scope may list.
pub const SCOPE_ENTRIES: RangeInclusive<usize> = 1..=64;
/// Longest host of a scope, in bytes.
pub const MAX_HOST_BYTES: usize = 253;

/// Number of tokens that a bypass may list.
pub const BYPASS_TOKENS: RangeInclusive<usize> = 1..=8;
/// Length of a token in a request, in bytes.
pub const BYPASS_TOKEN_BYTES: RangeInclusive<usize> = 1..=256;

/// Largest number of headers that a configuration may add to the 503.
pub const MAX_RESPONSE_HEADERS: usize = 32;
/// Longest header name in a configuration, in bytes.
pub const MAX_HEADER_NAME_BYTES: usize = 256;
/// Longest header value in a configuration, `contentType` included, in bytes. Envoy drops
/// all headers of a local reply if together they are longer than 1 MiB.
pub const MAX_HEADER_VALUE_BYTES: usize = 8192;
/// Longest body of the 503, in bytes.
pub const MAX_BODY_BYTES: usize = 65_536;
/// Longest body of the 503 to a gRPC call, in bytes. Envoy sends it as `grpc-message`,
/// where a byte may take three bytes. Clients in C++, Python and Java report another status
/// than UNAVAILABLE if all metadata is longer than 8 KiB.
pub const MAX_GRPC_BODY_BYTES: usize = 2048;
/// Length of the body for browsers, in bytes.
pub const HTML_BYTES: RangeInclusive<usize> = 1..=65_536;
/// Number of origins whose pages may read the 503.
pub const CORS_ORIGINS: RangeInclusive<usize> = 1..=16;
/// Longest origin, in bytes: a scheme, a host and a port.
pub const MAX_ORIGIN_BYTES: usize = 300;
/// Body of the 503 when the configuration gives none.
pub const DEFAULT_BODY: &str = r#"{"error":"maintenance","message":"The service is down for maintenance. Please retry later."}"#;
/// Content type of the 503 when the configuration names none.
pub const DEFAULT_CONTENT_TYPE: &str = "application/json";
