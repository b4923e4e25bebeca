//! Bypass: who is let through with a token, and that the token stays at the proxy.

use std::fmt::Write;

use harness::client::{Answer, body, request, send};
use harness::envoy::{Bootstrap, Envoy};
use harness::upstream::Upstream;
use hyper::header::HeaderName;
use hyper::header::HeaderValue;
use sha2::{Digest, Sha256};
use tonic::Code;

use crate::evidence::{eventually_lines, eventually_metric};
use crate::protocols::call_grpc;
use crate::support::{
    HEALTH_CHECK, VERSIONS, assert_application, assert_maintenance, start, start_switchable,
};

const TOKEN: &str = "the-token-of-an-operator";
/// SHA-256 digest of [`TOKEN`].
const DIGEST: &str = "99c3276bb6a4ef1b5bae29ea9a6d9bcb3fd12c263976564864644e9723858282";
const HEADER_NAME: &str = "x-maintenance-bypass";
const HEADER: HeaderName = HeaderName::from_static(HEADER_NAME);

fn configuration(rest: &str) -> String {
    format!(
        r#"{{"enabled": true, "bypass": {{"header": "X-Maintenance-Bypass", "sha256": ["{DIGEST}"]}}{rest}}}"#
    )
}

fn with_tokens(path: &str, tokens: &[&str]) -> hyper::Request<harness::client::Body> {
    let mut request = request("POST", path);
    *request.body_mut() = body("order");
    for token in tokens {
        request.headers_mut().append(HEADER, HeaderValue::from_str(token).expect("a value"));
    }
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_lets_a_request_through_and_stays_at_the_proxy() {
    let (envoy, upstream) = start(&configuration("")).await;
    for http in VERSIONS {
        let answer = send(envoy.address(), http, with_tokens("/", &[TOKEN])).await;
        assert_application(&answer);
        assert_no_secret(&answer);
    }
    call_grpc(&envoy, Some((HEADER_NAME, TOKEN))).await.expect("a response of the application");
    assert_eq!(upstream.requests().len(), 3);
    assert!(!upstream.has_received_header(HEADER_NAME), "the application saw the token");
    eventually_metric(&envoy, "maintenance_bypassed_requests_total", 3).await;
    eventually_lines(&envoy, "exempt paths 1, bypass tokens 1", 1).await;
    assert_nothing_logged(envoy);
}

#[tokio::test(flavor = "multi_thread")]
async fn any_other_token_is_rejected() {
    let (envoy, upstream) = start(&configuration("")).await;
    for http in VERSIONS {
        for tokens in [&[][..], &["wrong"], &[""], &[DIGEST], &[TOKEN, TOKEN], &[TOKEN, "a"]] {
            let answer = send(envoy.address(), http, with_tokens("/", tokens)).await;
            assert_maintenance(&answer);
            assert_no_secret(&answer);
        }
        assert_maintenance(
            &send(envoy.address(), http, with_tokens("/", &[&"a".repeat(9000)])).await,
        );
    }
    for header in [None, Some((HEADER_NAME, "wrong"))] {
        let status = call_grpc(&envoy, header).await.expect_err("the call fails");
        assert_eq!(status.code(), Code::Unavailable);
    }
    upstream.assert_untouched();
    eventually_metric(&envoy, "maintenance_rejected_requests_total", 16).await;
    assert_nothing_logged(envoy);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_has_at_most_256_bytes() {
    let tokens = [256, 257].map(|length| "a".repeat(length));
    let configuration = format!(
        r#"{{"enabled": true, "bypass": {{"header": "{HEADER_NAME}", "sha256": ["{}", "{}"]}}}}"#,
        digest(&tokens[0]),
        digest(&tokens[1]),
    );
    let (envoy, upstream) = start(&configuration).await;
    for http in VERSIONS {
        assert_application(&send(envoy.address(), http, with_tokens("/", &[&tokens[0]])).await);
        assert_maintenance(&send(envoy.address(), http, with_tokens("/", &[&tokens[1]])).await);
    }
    assert_eq!(upstream.requests().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_removed_from_every_request_while_enabled() {
    let exempt = format!("{HEALTH_CHECK}?a");
    for (rest, path) in [
        ("", exempt.as_str()),
        (r#", "scope": {"pathPrefixes": ["/shop/"]}"#, "/blog/"),
        (r#", "dryRun": true"#, "/"),
        (r#", "window": {"start": "9999-01-01T00:00:00Z"}"#, "/"),
        (r#", "window": {"end": "2000-01-01T00:00:00Z"}"#, "/"),
    ] {
        let (envoy, upstream) = start(&configuration(rest)).await;
        for http in VERSIONS {
            for tokens in [&[TOKEN][..], &["wrong"], &[TOKEN, "wrong"]] {
                let mut request = with_tokens(path, tokens);
                *request.method_mut() = hyper::Method::GET;
                let answer = send(envoy.address(), http, request).await;
                assert_application(&answer);
                assert_no_secret(&answer);
            }
        }
        assert_eq!(upstream.requests().len(), 6, "{rest}");
        assert!(!upstream.has_received_header(HEADER_NAME), "{rest}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_disabled_the_header_is_not_touched() {
    let disabled = configuration("").replace("true", "false");
    let (mut envoy, upstream) = start_switchable(&disabled).await;
    assert_application(&send(envoy.address(), VERSIONS[0], with_tokens("/", &[TOKEN])).await);
    assert!(upstream.has_received_header(HEADER_NAME));
    envoy.switch(&configuration("")).await;
    assert_maintenance(&envoy.get("/").await);
}

/// A gateway with the filter in front of a sidecar with the filter. The gateway removes
/// its header, so the sidecar never sees a token in a header of that name.
#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_and_a_sidecar_need_a_header_each() {
    const SIDECAR_HEADER: &str = "x-sidecar-bypass";
    const BYPASSED: &str = "maintenance_bypassed_requests_total";
    const REJECTED: &str = "maintenance_rejected_requests_total";
    let upstream = Upstream::start().await;
    for (sidecar_header, headers, counted_by_gateway, counted_by_sidecar) in [
        (HEADER_NAME, &[HEADER_NAME][..], BYPASSED, Some(REJECTED)),
        (SIDECAR_HEADER, &[HEADER_NAME], BYPASSED, Some(REJECTED)),
        (SIDECAR_HEADER, &[SIDECAR_HEADER], REJECTED, None),
        (SIDECAR_HEADER, &[HEADER_NAME, SIDECAR_HEADER], BYPASSED, Some(BYPASSED)),
    ] {
        let sidecar = configuration("").replace("X-Maintenance-Bypass", sidecar_header);
        let sidecar = Envoy::start(&Bootstrap::inline(upstream.address(), &sidecar)).await;
        let gateway = Bootstrap::inline(sidecar.address(), &configuration(""));
        let gateway = Envoy::start(&gateway).await;
        for http in VERSIONS {
            let mut request = request("GET", "/");
            for name in headers {
                request.headers_mut().append(*name, HeaderValue::from_static(TOKEN));
            }
            let answer = send(gateway.address(), http, request).await;
            match counted_by_sidecar {
                Some(BYPASSED) => assert_application(&answer),
                _ => assert_maintenance(&answer),
            }
        }
        eventually_metric(&gateway, counted_by_gateway, 2).await;
        if let Some(counter) = counted_by_sidecar {
            eventually_metric(&sidecar, counter, 2).await;
        }
    }
    assert_eq!(upstream.requests().len(), 2);
    for name in [HEADER_NAME, SIDECAR_HEADER] {
        assert!(!upstream.has_received_header(name), "the application saw {name}");
    }
}

/// SHA-256 digest of a token, in hexadecimal digits.
fn digest(token: &str) -> String {
    Sha256::digest(token).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string succeeds");
        text
    })
}

/// Asserts that neither the token nor the header's name is in a response.
#[track_caller]
fn assert_no_secret(answer: &Answer) {
    let text = format!("{:?} {:?}", answer.headers, answer.body).to_lowercase();
    for secret in [TOKEN, HEADER_NAME] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}

/// Neither the token, nor its digest, nor the header's name is in the log.
#[track_caller]
fn assert_nothing_logged(envoy: Envoy) {
    let log = envoy.stop().to_lowercase();
    assert!(log.contains("bypass tokens 1"), "{log}");
    for secret in [TOKEN, DIGEST, HEADER_NAME] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}
