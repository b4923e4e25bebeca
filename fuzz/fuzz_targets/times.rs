//! Times of `window`: the filter accepts the same texts as the crate `time`,
//! within the limits that the documentation names, and reads the same second.

#![no_main]

use libfuzzer_sys::fuzz_target;
use maintenance_filter::policy::Policy;
use maintenance_filter_fuzz::assert_schema_accepts;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

fuzz_target!(|text: &str| {
    let config = json!({"enabled": true, "window": {"end": text}});
    let read = Policy::from_json(config.to_string().as_bytes()).ok().map(|policy| {
        assert_schema_accepts(&config);
        policy.window.end().expect("an end").seconds
    });
    assert_eq!(read, expected(text), "{text:?}");
});

/// Seconds since 1970 of an RFC 3339 time from the year 1970 on, in whole seconds and in
/// upper case.
fn expected(text: &str) -> Option<u64> {
    let is_leap_second = text.get(17..19) == Some("60");
    let has_plain_characters = text.bytes().all(|byte| b"0123456789-+:TZ".contains(&byte));
    // The crate lets any character separate date and time.
    if is_leap_second || text < "1970" || !has_plain_characters || text.get(10..11) != Some("T") {
        return None;
    }
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    time.unix_timestamp().try_into().ok()
}
