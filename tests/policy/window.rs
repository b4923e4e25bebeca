//! Window: when maintenance is in force, and the countdown in `Retry-After`.

use maintenance_filter::policy::Decision::{Pass, Reject, WouldReject};
use maintenance_filter::policy::{Mode, Policy};
use maintenance_filter::window::Stage::{self, Ended, Extended, InForce, Scheduled};
use proptest::prelude::*;

use crate::support::{Head, policy, refusal, rejection};

/// 2026-11-24T02:00:00Z.
const START: u64 = 1_795_485_600;
/// 2026-11-24T04:00:00Z.
const END: u64 = START + 7200;

/// Policy with a window of two hours and more fields, as `, "dryRun": true`.
#[track_caller]
fn night(window_fields: &str, fields: &str) -> Policy {
    policy(&format!(
        r#"{{"enabled": true, "window": {{"start": "2026-11-24T02:00:00Z",
            "end": "2026-11-24T04:00:00Z"{window_fields}}}{fields}}}"#
    ))
}

fn retry_after(policy: &Policy, now: u64) -> u32 {
    policy.retry_after(policy.window.stage_at(now), now, |_| 0).0
}

#[test]
fn a_window_includes_its_start_and_excludes_its_end() {
    let stop = night("", "");
    for (now, stage) in
        [(0, Scheduled), (START - 1, Scheduled), (START, InForce), (END - 1, InForce), (END, Ended)]
    {
        assert_eq!(stop.window.stage_at(now), stage, "{now}");
    }
    assert_eq!(stop.window.stage_at(u64::MAX), Ended);
    let extend = night(r#", "onEnd": "Extend""#, "");
    assert_eq!(extend.window.stage_at(END - 1), InForce);
    assert_eq!(extend.window.stage_at(END), Extended);
}

#[test]
fn a_request_is_rejected_while_the_window_is_in_force_and_costs_nothing_before_and_after() {
    let policy = night("", "");
    for (stage, decision) in
        [(Scheduled, Pass), (InForce, Reject), (Extended, Reject), (Ended, Pass)]
    {
        let head = Head::get("/");
        assert_eq!(policy.decide(stage, &head), decision, "{stage:?}");
        assert_eq!(head.names_read().is_empty(), decision == Pass, "{stage:?}");
    }
    assert_eq!(policy.mode(Scheduled), Mode::Off);
    let dry_run = night("", r#", "dryRun": true"#);
    assert_eq!(dry_run.decide(InForce, &Head::get("/")), WouldReject);
    assert_eq!(dry_run.decide(Scheduled, &Head::get("/")), Pass);
}

#[test]
fn start_and_end_are_optional() {
    let from = policy(r#"{"enabled": true, "window": {"start": "2026-11-24T02:00:00Z"}}"#);
    assert_eq!(from.window.stage_at(START - 1), Scheduled);
    assert_eq!(from.window.stage_at(u64::MAX), InForce);
    assert_eq!(retry_after(&from, START), 60);
    let until = policy(r#"{"enabled": true, "window": {"end": "2026-11-24T04:00:00Z"}}"#);
    assert_eq!(until.window.stage_at(0), InForce);
    assert_eq!(until.window.stage_at(END), Ended);
    let always = policy(r#"{"enabled": true, "window": {}}"#);
    assert_eq!(always.window.stage_at(u64::MAX), InForce);
    assert!(!always.window.is_bounded());
}

#[test]
fn an_offset_is_taken_into_account() {
    for text in ["2026-11-24T04:00:00Z", "2026-11-24T05:30:00+01:30", "2026-11-23T20:00:00-08:00"] {
        let policy = policy(&format!(r#"{{"enabled": true, "window": {{"end": "{text}"}}}}"#));
        assert_eq!(policy.window.end().map(|end| end.seconds), Some(END), "{text}");
    }
    let last_day = policy_until("9999-12-31T23:59:59-23:59", "");
    assert_eq!(last_day.window.end().map(|end| end.seconds), Some(253_402_387_139));
    let leap_day = policy(r#"{"enabled": true, "window": {"end": "2028-02-29T00:00:00Z"}}"#);
    assert_eq!(leap_day.window.end().map(|end| end.seconds), Some(1_835_395_200));
}

#[test]
fn retry_after_counts_down_to_the_end() {
    let policy = night("", "");
    assert_eq!(retry_after(&policy, START), 7200);
    assert_eq!(retry_after(&policy, END - 1), 1);
    let endless = policy_until("9999-12-31T23:59:59Z", "");
    assert_eq!(retry_after(&endless, START), 604_800);
}

#[track_caller]
fn policy_until(end: &str, fields: &str) -> Policy {
    policy(&format!(r#"{{"enabled": true, "window": {{"end": "{end}"}}{fields}}}"#))
}

#[test]
fn retry_after_seconds_is_an_upper_limit_until_the_end_and_holds_after_it() {
    let policy = night(r#", "onEnd": "Extend""#, r#", "retryAfterSeconds": 300"#);
    assert_eq!(retry_after(&policy, END - 301), 300);
    assert_eq!(retry_after(&policy, END - 299), 299);
    assert_eq!(retry_after(&policy, END), 300);
    let default = night(r#", "onEnd": "Extend""#, "");
    assert_eq!(retry_after(&default, END), 60);
}

#[test]
fn only_a_reply_that_never_changes_is_prepared() {
    for (config, is_fixed) in [
        (r#"{"enabled": true}"#, true),
        (r#"{"enabled": true, "window": {"start": "2026-11-24T02:00:00Z"}}"#, true),
        (r#"{"enabled": true, "window": {"end": "2026-11-24T02:00:00Z"}}"#, false),
        (r#"{"enabled": true, "retryAfterJitterSeconds": 0}"#, true),
        (r#"{"enabled": true, "retryAfterJitterSeconds": 1}"#, false),
        (r#"{"enabled": true, "response": {"html": "x"}}"#, false),
        (r#"{"enabled": true, "response": {"corsOrigins": ["*"]}}"#, false),
        (r#"{"enabled": true, "response": {"grpcRetryPushback": "None"}}"#, true),
        (r#"{"enabled": true, "response": {"grpcRetryPushback": "Never"}}"#, false),
    ] {
        let policy = policy(config);
        let fixed = policy.fixed_rejection();
        assert_eq!(fixed.is_some(), is_fixed, "{config}");
        if let Some(fixed) = fixed {
            assert_eq!(fixed.headers, rejection(&policy).headers);
        }
    }
}

#[test]
fn jitter_is_added_after_the_countdown_and_then_clamped() {
    let policy = night("", r#", "retryAfterJitterSeconds": 30"#);
    let at = |now, random: u32| {
        policy.retry_after(InForce, now, |most| {
            assert_eq!(most, 30);
            random
        })
    };
    assert_eq!(at(END - 100, 0).0, 100);
    assert_eq!(at(END - 100, 30).0, 130);
    let long = policy_until("9999-12-31T23:59:59Z", r#", "retryAfterJitterSeconds": 86400"#);
    assert_eq!(long.retry_after(InForce, START, |most| most).0, 604_800);
    let none = night("", r#", "retryAfterJitterSeconds": 0"#);
    assert_eq!(none.retry_after(InForce, END - 9, |_| unreachable!("no jitter")).0, 9);
}

#[test]
fn the_log_line_of_each_stage() {
    let summary = |policy: &Policy, stage: Stage| policy.summary(stage);
    let stop = night("", "");
    assert_eq!(
        summary(&stop, Scheduled),
        "maintenance is scheduled: from 2026-11-24T02:00:00Z to 2026-11-24T04:00:00Z",
    );
    assert_eq!(
        summary(&stop, InForce),
        "maintenance is on until 2026-11-24T04:00:00Z: Retry-After counts down, exempt paths 1",
    );
    assert_eq!(summary(&stop, Ended), "maintenance is off: the window has ended");
    let extend = night(
        r#", "onEnd": "Extend""#,
        r#", "retryAfterSeconds": 300, "retryAfterJitterSeconds": 30"#,
    );
    assert_eq!(
        summary(&extend, InForce),
        "maintenance is on until 2026-11-24T04:00:00Z: \
         Retry-After at most 300 s and up to 30 s more, exempt paths 1",
    );
    assert_eq!(
        summary(&extend, Extended),
        "maintenance is past the end of its window: \
         Retry-After 300 s and up to 30 s more, exempt paths 1",
    );
    let dry_run = night("", r#", "dryRun": true"#);
    assert_eq!(
        summary(&dry_run, Scheduled),
        "maintenance is scheduled as a dry run: \
         from 2026-11-24T02:00:00Z to 2026-11-24T04:00:00Z",
    );
    assert_eq!(
        summary(&dry_run, InForce),
        "maintenance is in dry run until 2026-11-24T04:00:00Z: \
         Retry-After counts down, exempt paths 1",
    );
    let disabled = policy(r#"{"window": {"start": "2026-11-24T02:00:00Z"}}"#);
    assert_eq!(summary(&disabled, Scheduled), "maintenance is off");
}

/// Days since 1970 of a date, counted one by one.
fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let days_in = |year, month| match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let years: u64 = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
    let months: u64 = (1..month).map(|month| days_in(year, month)).sum();
    years + months + day - 1
}

#[test]
fn times_are_those_of_a_calendar_counted_day_by_day() {
    proptest!(|(
        year in 1971..10_000_u64, month in 1..=12_u64, day in 1..=28_u64,
        hour in 0..24_u64, minute in 0..60_u64, second in 0..60_u64,
        sign in prop::bool::ANY, offset_hours in 0..24_u64, offset_minutes in 0..60_u64,
    )| {
        let sign_text = if sign { '+' } else { '-' };
        let text = format!(
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}\
             {sign_text}{offset_hours:02}:{offset_minutes:02}"
        );
        let local = days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
        let offset = offset_hours * 3600 + offset_minutes * 60;
        let expected = if sign { local - offset } else { local + offset };
        let policy = policy_until(&text, "");
        prop_assert_eq!(policy.window.end().map(|end| end.seconds), Some(expected), "{}", text);
    });
}

#[test]
fn other_spellings_of_a_time_are_refused() {
    for text in [
        "",
        "now",
        "2026-11-24",
        "2026-11-24T02:00Z",
        "2026-11-24T02:00:00",
        "2026-11-24 02:00:00Z",
        "2026-11-24t02:00:00Z",
        "2026-11-24T02:00:00z",
        "2026-11-24T02:00:00.0Z",
        "2026-11-24T02:00:00.5Z",
        "2026-11-24T02:00:00,5Z",
        "2026-11-24T02:00:00+0100",
        "2026-11-24T02:00:00+01",
        "2026-11-24T02:00:00+24:00",
        "2026-11-24T02:00:00+01:60",
        "2026-11-24T24:00:00Z",
        "2026-11-24T02:60:00Z",
        "2016-12-31T23:59:60Z",
        "2026-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-00-10T00:00:00Z",
        "2026-13-10T00:00:00Z",
        "2026-11-00T00:00:00Z",
        "26-11-24T02:00:00Z",
        "+2026-11-24T02:00:00Z",
        "-2026-11-24T02:00:00Z",
        "12026-11-24T02:00:00Z",
        "1969-12-31T23:59:59Z",
        "1969-12-31T23:59:59-01:00",
        "1970-01-01T00:00:00+00:01",
        " 2026-11-24T02:00:00Z",
        "2026-11-24T02:00:00Z ",
        "2026-11-24T02:00:00ZZ",
        "2026-11-24T02:00:00Z[UTC]",
        "2026-W48-2T02:00:00Z",
        "2026-328T02:00:00Z",
        "20261124T020000Z",
        "1795485600",
    ] {
        let message = refusal(format!(r#"{{"window": {{"end": "{text}"}}}}"#));
        assert!(message.starts_with("window.end: "), "{text}: {message}");
        assert!(message.contains("must be a time "), "{text}: {message}");
    }
}

#[test]
fn no_text_of_the_characters_of_a_time_panics() {
    proptest!(ProptestConfig::with_cases(10_000), |(text in "[0-9TZ:+-]{18,26}")| {
        let _ = Policy::from_json(format!(r#"{{"window": {{"end": "{text}"}}}}"#).as_bytes());
    });
}
