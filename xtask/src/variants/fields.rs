//! Variants of the shipped module for each optional field of the configuration.

use std::path::Path;

use serde_json::{Value, json};

use super::{BODY, DISABLED, EXEMPT, Group, REJECTING, Variant};
use crate::envoy_config::plugin;

/// SHA-256 digest of the token `test`.
const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// The shipped module with each optional field alone, and with all together.
pub fn all(shipped: &Path) -> Vec<Variant> {
    let scheduled = json!({"window": {"start": "9999-01-01T00:00:00Z"}});
    let in_force = json!({"window": {"end": "9999-01-01T00:00:00Z"}});
    let over = json!({"window": {"end": "2000-01-01T00:00:00Z"}});
    let jitter = json!({"retryAfterJitterSeconds": 30});
    let hosts = json!({"scope": {"hosts": ["*.example.com", "127.0.0.1"]}});
    let prefixes = json!({"scope": {"pathPrefixes": ["/shop/", "/"]}});
    let bypass = json!({"bypass": {"header": "x-token", "sha256": [DIGEST]}});
    let html = json!({"response": {"html": BODY}});
    let origins = json!({"response": {"corsOrigins": ["https://app.example.com"]}});
    let pushback = json!({"response": {"grpcRetryPushback": "RetryAfter"}});
    let all = json!({
        "window": in_force["window"], "retryAfterJitterSeconds": 30,
        "scope": {"hosts": hosts["scope"]["hosts"], "pathPrefixes": ["/shop/", "/"]},
        "bypass": bypass["bypass"],
        "response": {"html": BODY, "corsOrigins": ["https://app.example.com"],
            "grpcRetryPushback": "RetryAfter"},
    });
    let browser = "accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let origin = "origin: https://app.example.com";
    let rows: [(&str, &Value, &[&str], u16, &str); 18] = [
        ("window, before its start", &scheduled, &[], 200, DISABLED),
        ("window, in force", &in_force, &[], 503, REJECTING),
        ("window, after its end", &over, &[], 200, DISABLED),
        ("jitter", &jitter, &[], 503, REJECTING),
        ("dry run", &json!({"dryRun": true}), &[], 200, EXEMPT),
        ("scope by host", &hosts, &[], 503, REJECTING),
        ("scope by path prefix", &prefixes, &[], 503, REJECTING),
        ("bypass, without a token", &bypass, &[], 503, REJECTING),
        ("bypass, with a wrong token", &bypass, &["x-token: tesT"], 503, REJECTING),
        ("bypass, with a token", &bypass, &["x-token: test"], 200, EXEMPT),
        ("page, other client", &html, &["accept: */*"], 503, REJECTING),
        ("page, browser", &html, &[browser], 503, REJECTING),
        ("origins, without an origin", &origins, &[], 503, REJECTING),
        ("origins, with an origin", &origins, &[origin], 503, REJECTING),
        ("gRPC pushback, not gRPC", &pushback, &[], 503, REJECTING),
        ("gRPC pushback, gRPC", &pushback, &["content-type: application/grpc"], 200, REJECTING),
        ("all fields, other client", &all, &["accept: */*"], 503, REJECTING),
        ("all fields, browser with an origin", &all, &[browser, origin], 503, REJECTING),
    ];
    let variant = |(label, fields, headers, status, without): (&str, &Value, &[_], _, _)| {
        let mut configuration = fields.clone();
        configuration["enabled"] = true.into();
        let filters = vec![plugin(label, shipped, &configuration.to_string())];
        let group = Group::Field(without);
        Variant { group, status, headers: headers.to_vec(), ..Variant::rejecting(label, filters) }
    };
    rows.map(variant).into()
}
