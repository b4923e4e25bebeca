//! Malformed and oversized input, which must not exhaust the stack or memory of
//! the proxy.

use std::fmt::Write;

use crate::support::refusal;

const MEGABYTE: usize = 1 << 20;

#[test]
fn the_error_names_the_position_of_bytes_that_are_not_utf_8() {
    assert_eq!(
        refusal(b"{\"response\": {\"body\": \"\xff\"}}"),
        "not valid JSON: invalid utf-8 sequence of 1 bytes from index 23",
    );
    assert_eq!(refusal(b"{} \xc3"), "not valid JSON: incomplete utf-8 byte sequence from index 3",);
}

#[test]
fn nesting_of_any_depth_is_refused_without_recursion() {
    let deep = 10 * MEGABYTE;
    assert_eq!(
        refusal("[".repeat(deep)),
        format!("not valid JSON: EOF while parsing a list at line 1 column {deep}"),
    );
    let lists = format!("{}{}", "[".repeat(MEGABYTE), "]".repeat(MEGABYTE));
    let quoted = format!("{}…", "[".repeat(60));
    for (field, allowed) in [
        ("enabled", "must be true or false"),
        ("retryAfterSeconds", "must be a whole number of seconds from 1 to 604800"),
        ("response", "must be a JSON object"),
    ] {
        assert_eq!(
            refusal(format!(r#"{{"{field}": {lists}}}"#)),
            format!("{field}: {quoted} is not allowed: {allowed}"),
        );
    }
    let objects = format!("{}1{}", r#"{"response":"#.repeat(MEGABYTE), "}".repeat(MEGABYTE));
    assert!(refusal(objects).starts_with("response.response: {"));
}

#[test]
fn a_value_of_ten_megabytes_is_rejected() {
    let long = "x".repeat(10 * MEGABYTE);
    for config in [
        long.clone(),
        format!(r#"{{"{long}": 1}}"#),
        format!(r#"{{"enabled": "{long}"}}"#),
        format!(r#"{{"exemptions": [{{"path": "/{long}"}}]}}"#),
        format!(r#"{{"exemptions": [{{"path": "/", "methods": ["{long}"]}}]}}"#),
        format!(r#"{{"response": {{"body": "{long}"}}}}"#),
        format!(r#"{{"response": {{"headers": {{"{long} ": "a"}}}}}}"#),
        format!(r#"{{"response": {{"headers": {{"x": "{long}\n"}}}}}}"#),
        format!(r#"{{"retryAfterSeconds": {}}}"#, "9".repeat(10 * MEGABYTE)),
        format!(r#"{{"retryAfterSeconds": 1e{}}}"#, "9".repeat(10 * MEGABYTE)),
    ] {
        refusal(config);
    }
}

#[test]
fn a_million_entries_are_rejected() {
    let list = format!("[{}1]", "1,".repeat(5 * MEGABYTE));
    let repeated = format!("{{{}\"enabled\":1}}", r#""enabled":1,"#.repeat(MEGABYTE));
    let mut distinct = String::from("{");
    for n in 0..MEGABYTE {
        write!(distinct, "\"{n}\":1,").expect("writing to a string succeeds");
    }
    distinct.push_str("\"\":1}");
    for config in [
        list.clone(),
        repeated,
        distinct.clone(),
        format!(r#"{{"exemptions": {list}}}"#),
        format!(r#"{{"response": {{"headers": {distinct}}}}}"#),
        format!(
            r#"{{"exemptions": [{{"path": "/", "methods": [{}1]}}]}}"#,
            "\"A\",".repeat(MEGABYTE)
        ),
    ] {
        refusal(config);
    }
}
