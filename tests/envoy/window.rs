//! A window begins and ends by the proxy's clock, without another configuration.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use harness::client::{Answer, request, send};
use harness::envoy::Envoy;

use crate::evidence::{eventually_lines, eventually_metric};
use crate::protocols::call_grpc;
use crate::support::{VERSIONS, assert_application, start, start_switchable};

const TIMEOUT: Duration = Duration::from_secs(20);
const START: &str = "maintenance_window_start_timestamp_seconds";
const END: &str = "maintenance_window_end_timestamp_seconds";

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970")
}

/// Seconds since 1970, as in a configuration.
fn text(seconds: u64) -> String {
    let time = UNIX_EPOCH + Duration::from_secs(seconds);
    humantime::format_rfc3339_seconds(time).to_string()
}

fn configuration(window: &str, fields: &str) -> String {
    format!(r#"{{"enabled": true, "window": {{{window}}}{fields}}}"#)
}

/// Asserts that a reply is a 503 whose `Retry-After` points to `end`. The request
/// was sent at `sent`.
#[track_caller]
fn assert_counts_down(answer: &Answer, sent: Duration, end: u64) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_retry_after(answer.header("retry-after"), sent, end);
}

/// Asserts that `retry_after`, in the reply to a request that was sent at `sent`,
/// points to `end`.
#[track_caller]
fn assert_retry_after(retry_after: &str, sent: Duration, end: u64) {
    let retry_after: u64 = retry_after.parse().expect("seconds");
    let (most, least) = (end - sent.as_secs(), end.saturating_sub(now().as_secs()).max(1));
    assert!((least..=most).contains(&retry_after), "{retry_after} is not {least} to {most}");
}

/// Sends requests until `is_last`. Returns how many were rejected.
async fn poll(envoy: &Envoy, mut is_last: impl FnMut(Duration, &Answer) -> bool) -> u64 {
    let mut rejected = 0;
    let deadline = now() + TIMEOUT;
    while now() < deadline {
        for http in VERSIONS {
            let sent = now();
            let answer = send(envoy.address(), http, request("GET", "/orders")).await;
            rejected += u64::from(answer.status == 503);
            if is_last(sent, &answer) {
                return rejected;
            }
        }
    }
    panic!("timed out after {TIMEOUT:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_starts_and_ends_by_itself() {
    let (mut envoy, upstream) = start_switchable("{}").await;
    let (start, end) = (now().as_secs() + 3, now().as_secs() + 9);
    let (start_text, end_text) = (text(start), text(end));
    let window = format!(r#""start": "{start_text}", "end": "{end_text}""#);
    envoy.switch(&configuration(&window, "")).await;
    eventually_lines(&envoy, &format!("is scheduled: from {start_text} to {end_text}"), 1).await;
    eventually_metric(&envoy, START, start).await;
    eventually_metric(&envoy, END, end).await;
    assert_eq!(envoy.admin().metric("maintenance_active").await, Some(0));

    let is_rejected = |sent: Duration, answer: &Answer| {
        if answer.status != 503 {
            assert_application(answer);
            // A second, and more on a busy machine.
            assert!(sent.as_secs() <= start + 3, "the start is late");
            return false;
        }
        assert!(now().as_secs() >= start, "rejected before the start");
        assert_counts_down(answer, sent, end);
        true
    };
    let mut rejected = poll(&envoy, is_rejected).await;
    let on = format!("maintenance is on until {end_text}: Retry-After counts down");
    eventually_lines(&envoy, &on, 1).await;
    eventually_metric(&envoy, "maintenance_active", 1).await;

    // Each worker has its own timer, so each comes to the start at its own time.
    let is_over = |sent: Duration, answer: &Answer| {
        if answer.status == 503 {
            assert_counts_down(answer, sent, end);
            assert!(sent.as_secs() < end, "rejected after the end");
        } else {
            assert_application(answer);
        }
        now().as_secs() >= end && answer.status == 200
    };
    rejected += poll(&envoy, is_over).await;
    let before = upstream.requests().len();
    for http in VERSIONS {
        assert_application(&send(envoy.address(), http, request("GET", "/orders")).await);
    }
    assert_eq!(upstream.requests().len(), before + 2);
    eventually_lines(&envoy, "maintenance is off: the window has ended", 1).await;
    eventually_lines(&envoy, &on, 1).await;
    eventually_metric(&envoy, "maintenance_rejected_requests_total", rejected).await;
    for name in ["maintenance_active", START, END] {
        eventually_metric(&envoy, name, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_smaller_of_countdown_and_retry_after_counts() {
    let end = now().as_secs() + 3600;
    let window = format!(r#""end": "{}""#, text(end));
    let (short, untouched) = start(&configuration(&window, r#", "retryAfterSeconds": 5"#)).await;
    let (long, upstream) = start(&configuration(&window, r#", "retryAfterSeconds": 9000"#)).await;
    for http in VERSIONS {
        let answer = send(short.address(), http, request("GET", "/orders")).await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, "5"));
        let sent = now();
        let answer = send(long.address(), http, request("GET", "/orders")).await;
        assert_counts_down(&answer, sent, end);
    }
    let sent = now();
    let status = call_grpc(&long, None).await.expect_err("the call fails");
    let retry_after = status.metadata().get("retry-after").and_then(|value| value.to_str().ok());
    assert_retry_after(retry_after.unwrap_or_default(), sent, end);
    untouched.assert_untouched();
    upstream.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_extends_stays_in_force() {
    let end = now().as_secs() + 3;
    let window = format!(r#""end": "{}", "onEnd": "Extend""#, text(end));
    let (envoy, upstream) = start(&configuration(&window, r#", "retryAfterSeconds": 90"#)).await;
    let is_extended = |sent: Duration, answer: &Answer| {
        if sent.as_secs() >= end {
            assert_eq!((answer.status, answer.header("retry-after")), (503, "90"));
            return true;
        }
        assert_eq!(answer.status, 503);
        false
    };
    poll(&envoy, is_extended).await;
    upstream.assert_untouched();
    eventually_lines(&envoy, "maintenance is past the end of its window: Retry-After 90 s", 1)
        .await;
    eventually_metric(&envoy, "maintenance_active", 1).await;
    eventually_metric(&envoy, END, end).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_starts_after_the_window_serves() {
    let window = r#""start": "2026-01-01T00:00:00Z", "end": "2026-01-01T01:00:00Z""#;
    let (envoy, upstream) = start(&configuration(window, "")).await;
    for http in VERSIONS {
        assert_application(&send(envoy.address(), http, request("GET", "/orders")).await);
    }
    assert_eq!(upstream.requests().len(), 2);
    assert_eq!(envoy.admin().metric("maintenance_active").await, Some(0));
    eventually_lines(&envoy, "maintenance is off: the window has ended", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_in_a_window_rejects_nothing() {
    let window = format!(r#""end": "{}""#, text(now().as_secs() + 3600));
    let (envoy, upstream) = start(&configuration(&window, r#", "dryRun": true"#)).await;
    for http in VERSIONS {
        assert_application(&send(envoy.address(), http, request("GET", "/orders")).await);
    }
    assert_eq!(upstream.requests().len(), 2);
    eventually_metric(&envoy, "maintenance_dry_run_rejected_requests_total", 2).await;
}
