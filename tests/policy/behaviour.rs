//! Behaviour table: the decision for a request, and the header reads it costs.

use maintenance_filter::policy::{Decision, Mode, Policy};
use maintenance_filter::window::Stage::InForce;

use crate::support::{Head, exempting, policy};
use Decision::{Forward, Pass, Reject, Respond};

const HEALTH_CHECK: &str = "/load-balancer/health-check";

/// Asserts the decision, and how often it read the path and the method.
#[track_caller]
fn assert_decides(policy: &Policy, head: &Head, expected: Decision, reads: (u32, u32)) {
    assert_eq!((policy.decide(InForce, head), head.reads()), (expected, reads));
}

#[track_caller]
fn assert_decisions(policy: &Policy, expected: Decision, paths: &[&str]) {
    for path in paths {
        assert_eq!(policy.decide(InForce, &Head::get(path)), expected, "GET {path}");
    }
}

#[test]
fn disabled_passes_every_request_and_reads_nothing() {
    for config in [
        "",
        "{}",
        r#"{"enabled": false}"#,
        r#"{"retryAfterSeconds": 5, "exemptions": [{"path": "/a", "action": "Respond"}]}"#,
    ] {
        let policy = policy(config);
        assert_eq!(policy.mode(InForce), Mode::Off);
        for path in ["/", "/a", HEALTH_CHECK] {
            assert_decides(&policy, &Head::get(path), Pass, (0, 0));
        }
    }
    assert_decides(&Policy::default(), &Head::get("/"), Pass, (0, 0));
}

#[test]
fn by_default_only_the_health_check_is_exempt() {
    let policy = policy(r#"{"enabled": true}"#);
    assert_eq!(policy.mode(InForce), Mode::On);
    assert_decides(&policy, &Head::get(HEALTH_CHECK), Forward, (1, 1));
    for method in ["HEAD", "POST", "OPTIONS", "get", "GET ", ""] {
        assert_decides(&policy, &Head::new(method, HEALTH_CHECK), Reject, (1, 1));
    }
    assert_decides(&policy, &Head::get("/"), Reject, (1, 0));
}

#[test]
fn a_list_of_exemptions_replaces_the_default() {
    let policy = exempting(r#"[{"path": "/live"}]"#);
    assert_decides(&policy, &Head::get("/live"), Forward, (1, 1));
    assert_decides(&policy, &Head::get(HEALTH_CHECK), Reject, (1, 0));
    assert_decides(&exempting("[]"), &Head::get(HEALTH_CHECK), Reject, (1, 0));
}

#[test]
fn a_request_without_path_or_method_is_rejected() {
    let policy = exempting(r#"[{"pathPrefix": "/"}]"#);
    assert_decides(&policy, &Head::without_path("CONNECT"), Reject, (1, 0));
    assert_decides(&policy, &Head::without_method("/a"), Reject, (1, 1));
    assert_decides(&policy, &Head::default(), Reject, (1, 0));
    assert_decides(&policy, &Head::new("OPTIONS", "*"), Reject, (1, 0));
    assert_decides(&policy, &Head::get(""), Reject, (1, 0));
}

#[test]
fn bytes_that_are_not_utf_8_are_compared_like_any_other() {
    let policy = exempting(r#"[{"path": "/a"}, {"pathPrefix": "/b/"}]"#);
    assert_decides(&policy, &Head::get(b"/a\xff"), Reject, (1, 0));
    assert_decides(&policy, &Head::get(b"/b/\xff\xfe\x80"), Forward, (1, 1));
    assert_decides(&policy, &Head::new(b"GET\xff", b"/a"), Reject, (1, 1));
    assert_decides(&policy, &Head::get(b"/a?\xff"), Forward, (1, 1));
}

#[test]
fn an_exact_path_is_compared_byte_for_byte_up_to_the_query() {
    let policy = exempting(r#"[{"path": "/live/check"}]"#);
    assert_decisions(
        &policy,
        Forward,
        &["/live/check", "/live/check?", "/live/check?a=/b", "/live/check#", "/live/check#?"],
    );
    assert_decisions(
        &policy,
        Reject,
        &[
            "/live/check/",
            "/live/check/a",
            "/live/chec",
            "/live/checks",
            "/LIVE/check",
            "/live/%63heck",
            "/live//check",
            "/live/./check",
            "/a/../live/check",
            "/live/check;a",
            "/live/check ",
            "live/check",
            "?/live/check",
            "http://host/live/check",
        ],
    );
}

#[test]
fn an_exact_path_may_contain_sequences_that_a_prefix_never_matches() {
    let list = r#"[{"path": "/a/../b"}, {"path": "//a"}, {"path": "/a;b"}, {"path": "/%2e"}]"#;
    assert_decisions(&exempting(list), Forward, &["/a/../b", "//a", "/a;b", "/%2e"]);
    assert_decisions(&exempting(list), Reject, &["/b", "/a", "/%2E"]);
}

#[test]
fn a_prefix_matches_itself_and_every_path_below_it() {
    let policy = exempting(r#"[{"pathPrefix": "/health/"}]"#);
    assert_decisions(
        &policy,
        Forward,
        &[
            "/health/",
            "/health/live",
            "/health/a/b/",
            "/health/a.b",
            "/health/.a",
            "/health/..a",
            "/health/a..",
            "/health/...",
            "/health/%20%2d%5b",
            "/health/a:b@c",
            "/health/?x",
        ],
    );
    assert_decisions(
        &policy,
        Reject,
        &["/health", "/healthy/a", "/Health/a", "/", "/a/health/", "/health?/health/"],
    );
}

#[test]
fn a_prefix_never_matches_an_ambiguous_path() {
    let policy = exempting(r#"[{"pathPrefix": "/health/"}]"#);
    for sequence in [
        ".",
        "..",
        "../a",
        "./a",
        "a/..",
        "a/.",
        "a/../b",
        "/a",
        "a//b",
        "a//",
        "\\",
        "a\\..\\b",
        ";",
        "a;b",
        "a/;/b",
        "%2e",
        "%2E",
        "a%2eb",
        "%2e%2e/a",
        "%2f",
        "%2F",
        "a%2fb",
        "%5c",
        "%5C",
        "a%5cb",
        "%25",
        "%252e%252e/x",
        "a%252fb",
        "%25%32%65",
    ] {
        let path = format!("/health/{sequence}");
        assert_decides(&policy, &Head::get(&path), Reject, (1, 0));
        let query = format!("/health/a?{sequence}");
        assert_decides(&policy, &Head::get(&query), Forward, (1, 1));
        let fragment = format!("/health/a#{sequence}");
        assert_decides(&policy, &Head::get(&fragment), Forward, (1, 1));
    }
}

#[test]
fn the_root_as_a_prefix_exempts_every_path() {
    let policy = exempting(r#"[{"pathPrefix": "/"}]"#);
    assert_decisions(&policy, Forward, &["/", "/a", "/a/b", "/?a", HEALTH_CHECK]);
    assert_decisions(&policy, Forward, &["//", "/..", "/a;b", "/%2f", "/a/%252e%252e/x", "/\\"]);
    assert_decisions(&policy, Reject, &["*", "", "a/"]);
}

#[test]
fn only_the_root_prefix_matches_an_ambiguous_path() {
    let list = r#"[{"pathPrefix": "/health/", "action": "Respond"}, {"pathPrefix": "/"}]"#;
    assert_decisions(&exempting(list), Respond, &["/health/a"]);
    assert_decisions(&exempting(list), Forward, &["/health/../a", "/health/%25", "/health/a;b"]);
}

#[test]
fn the_more_specific_exemption_takes_precedence() {
    let policy = exempting(
        r#"[{"pathPrefix": "/a/"}, {"pathPrefix": "/a/b/", "action": "Respond"},
            {"path": "/a/b/c"}]"#,
    );
    assert_decisions(&policy, Forward, &["/a/", "/a/b", "/a/b/c"]);
    assert_decisions(&policy, Respond, &["/a/b/", "/a/b/d", "/a/b/c/"]);
}

#[test]
fn the_first_of_two_exemptions_for_one_path_takes_precedence() {
    for field in ["path", "pathPrefix"] {
        let list = format!(
            r#"[{{"{field}": "/a/", "action": "Respond"}}, {{"{field}": "/a/"}},
                {{"{field}": "/a/", "methods": ["HEAD"]}}]"#
        );
        assert_eq!(exempting(&list).decide(InForce, &Head::get("/a/")), Respond);
        assert_eq!(exempting(&list).decide(InForce, &Head::new("HEAD", "/a/")), Forward);
    }
}

#[test]
fn an_exemption_for_other_methods_is_skipped() {
    let policy = exempting(
        r#"[{"path": "/a/b", "methods": ["PUT"], "action": "Respond"},
            {"pathPrefix": "/a/", "methods": ["POST", "DELETE"], "action": "Respond"},
            {"pathPrefix": "/"}]"#,
    );
    for (method, expected) in [
        ("PUT", Respond),
        ("POST", Respond),
        ("DELETE", Respond),
        ("GET", Forward),
        ("PATCH", Reject),
        ("Put", Reject),
    ] {
        assert_decides(&policy, &Head::new(method, "/a/b"), expected, (1, 1));
    }
}

#[test]
fn the_longest_pattern_and_the_longest_path_are_matched() {
    let prefix = format!("/{}/", "a".repeat(1022));
    let exact = format!("/{}", "b".repeat(1023));
    let policy = exempting(&format!(r#"[{{"pathPrefix": "{prefix}"}}, {{"path": "{exact}"}}]"#));
    assert_decisions(&policy, Forward, &[&prefix, &exact, &format!("{prefix}{exact}")[..1024]]);
    assert_decides(&policy, &Head::get(prefix.clone() + &"x/".repeat(50_000)), Forward, (1, 1));
    assert_decides(&policy, &Head::get("/".repeat(100_000)), Reject, (1, 0));
    assert_decides(&policy, &Head::get(format!("{exact}b")), Reject, (1, 0));
}
