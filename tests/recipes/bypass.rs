//! Bypass tokens: made and rotated as the recipe's page says.

use std::fs;
use std::process::Command;

use harness::client::{Http, request, send};
use harness::envoy::Envoy;
use serde_json::{Value, json};

use crate::manifest::{eventually_metric, folder, plugin_config, start, start_with};

/// Token and its digest.
struct Token {
    token: String,
    digest: String,
}

impl Token {
    /// Makes a token with the commands on the recipe's page.
    fn generate() -> Self {
        let page = fs::read_to_string(folder().join("bypass.md")).expect("the page");
        let command = |variable: &str| {
            let line = page.lines().find(|line| line.trim_start().starts_with(variable));
            line.unwrap_or_else(|| panic!("the page has no command {variable}"))
        };
        let script = format!(
            "set -euo pipefail\n{}\n{}\necho $TOKEN $DIGEST",
            command("TOKEN="),
            command("DIGEST=")
        );
        let output = Command::new("bash").args(["-c", &script]).output().expect("bash runs");
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).expect("text");
        let (token, digest) = text.trim().split_once(' ').expect("a token and its digest");
        Self { token: token.into(), digest: digest.into() }
    }
}

/// The recipe's configuration with these tokens.
fn with_tokens(tokens: &[&Token]) -> Value {
    let mut config = plugin_config("bypass");
    config["bypass"]["sha256"] = tokens.iter().map(|token| json!(token.digest)).collect();
    config
}

/// Status of `POST /orders` with a token.
async fn status_with(envoy: &Envoy, token: &str) -> u16 {
    let mut request = request("POST", "/orders");
    request.headers_mut().insert("x-maintenance-token", token.parse().expect("a header value"));
    send(envoy.address(), Http::Two, request).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_rotated_without_a_gap() {
    let (old, new) = (Token::generate(), Token::generate());
    let (mut envoy, upstream) = start_with(&with_tokens(&[&old])).await;
    assert_eq!(envoy.get("/orders").await.status, 503);
    assert_eq!(status_with(&envoy, &new.token).await, 503);
    assert_eq!(status_with(&envoy, &old.digest).await, 503);
    upstream.assert_untouched();
    assert_eq!(status_with(&envoy, &old.token).await, 200);

    envoy.switch(&with_tokens(&[&old, &new]).to_string()).await;
    assert_eq!(status_with(&envoy, &old.token).await, 200);
    assert_eq!(status_with(&envoy, &new.token).await, 200);

    envoy.switch(&with_tokens(&[&new]).to_string()).await;
    assert_eq!(status_with(&envoy, &old.token).await, 503);
    assert_eq!(status_with(&envoy, &new.token).await, 200);

    assert_eq!(upstream.requests().len(), 4);
    assert!(!upstream.has_received_header("x-maintenance-token"), "the application saw a token");
    eventually_metric(&envoy, "maintenance_bypassed_requests_total", 4).await;
    eventually_metric(&envoy, "maintenance_rejected_requests_total", 4).await;
    let log = envoy.stop();
    for secret in [&old.token, &new.token, &old.digest, &new.digest] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

/// The manifest itself lets nobody through until an operator edits it.
#[tokio::test(flavor = "multi_thread")]
async fn the_manifest_has_no_known_token() {
    let (envoy, upstream) = start("bypass").await;
    for token in ["", "0", &"0".repeat(64)] {
        assert_eq!(status_with(&envoy, token).await, 503, "{token}");
    }
    upstream.assert_untouched();
}
