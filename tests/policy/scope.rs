//! Scope: which requests maintenance applies to.

use maintenance_filter::policy::Decision::{self, Forward, OutOfScope, Reject};
use maintenance_filter::policy::Policy;
use maintenance_filter::window::Stage::InForce;

use crate::support::{Head, policy};

fn scoped(scope: &str) -> Policy {
    policy(&format!(r#"{{"enabled": true, "scope": {scope}}}"#))
}

#[track_caller]
fn assert_hosts(policy: &Policy, expected: Decision, hosts: &[&str]) {
    for host in hosts {
        let head = Head::get("/").with(":authority", host);
        assert_eq!(policy.decide(InForce, &head), expected, "{host}");
    }
}

#[test]
fn without_a_scope_the_host_is_not_asked_for() {
    for config in [r#"{"enabled": true}"#, r#"{"enabled": true, "scope": {}}"#] {
        let head = Head::get("/").with(":authority", "a.example.com");
        assert_eq!(policy(config).decide(InForce, &head), Reject);
        assert_eq!(head.names_read(), [":path"]);
    }
}

#[test]
fn a_host_is_compared_without_port_trailing_dot_and_case() {
    let policy = scoped(r#"{"hosts": ["shop.example.com", "[2001:db8::1]", "10.0.0.1"]}"#);
    assert_hosts(
        &policy,
        Reject,
        &[
            "shop.example.com",
            "SHOP.Example.COM",
            "shop.example.com:8443",
            "shop.example.com.",
            "shop.example.com.:80",
            "[2001:db8::1]",
            "[2001:DB8::1]:8080",
            "[2001:db8:0::1]",
            "[2001:db8::2]",
            "10.0.0.1:80",
        ],
    );
    assert_hosts(
        &policy,
        OutOfScope,
        &[
            "example.com",
            "a.shop.example.com",
            "shop.example.com..",
            "shop.example.comx",
            "xshop.example.com",
            "2001:db8::1",
            "10.0.0.2",
        ],
    );
}

#[test]
fn a_wildcard_matches_one_label_or_more_but_not_the_apex() {
    let policy = scoped(r#"{"hosts": ["*.example.com"]}"#);
    assert_hosts(&policy, Reject, &["a.example.com", "A.B.EXAMPLE.COM:1", "a.example.com."]);
    assert_hosts(
        &policy,
        OutOfScope,
        &["example.com", ".example.com", "aexample.com", "a.example.org", "com"],
    );
}

#[test]
fn a_host_in_doubt_is_in_scope() {
    let policy = scoped(r#"{"hosts": ["shop.example.com"]}"#);
    assert_eq!(policy.decide(InForce, &Head::get("/")), Reject, "no :authority");
    assert_hosts(&policy, Reject, &["", "user@blog.example.com", "shop.example.com@blog.example"]);
}

#[test]
fn a_path_is_in_scope_below_a_prefix_or_if_it_is_ambiguous() {
    let policy = scoped(r#"{"pathPrefixes": ["/shop/", "/cart/"]}"#);
    for path in ["/shop/", "/shop/a?b", "/cart/a/b", "/blog/../shop/", "/blog/%2e%2e/shop/"] {
        assert_eq!(policy.decide(InForce, &Head::get(path)), Reject, "{path}");
    }
    for path in ["//shop/", "/blog;a", "/blog/%252e%252e/shop/", "/blog\\..\\shop\\"] {
        assert_eq!(policy.decide(InForce, &Head::get(path)), Reject, "{path}");
    }
    for path in ["/", "/shop", "/Shop/", "/blog/shop/", "/blog/?a=/../shop/", "*", ""] {
        assert_eq!(policy.decide(InForce, &Head::get(path)), OutOfScope, "{path}");
    }
    assert_eq!(policy.decide(InForce, &Head::without_path("CONNECT")), Reject);
}

#[test]
fn a_request_is_in_scope_by_its_host_and_its_path() {
    let policy = scoped(r#"{"hosts": ["shop.example.com"], "pathPrefixes": ["/api/"]}"#);
    let decide = |host, path| policy.decide(InForce, &Head::get(path).with(":authority", host));
    assert_eq!(decide("shop.example.com", "/api/a"), Reject);
    assert_eq!(decide("shop.example.com", "/"), OutOfScope);
    assert_eq!(decide("blog.example.com", "/api/a"), OutOfScope);
}

#[test]
fn an_exemption_applies_within_the_scope() {
    let policy = scoped(r#"{"hosts": ["shop.example.com"]}"#);
    let health_check = Head::get("/load-balancer/health-check");
    assert_eq!(
        policy.decide(InForce, &health_check.with(":authority", "shop.example.com")),
        Forward
    );
}

/// Every upstream decodes the letters of a path.
#[test]
fn a_path_with_encoded_letters_is_in_scope() {
    let policy = scoped(r#"{"pathPrefixes": ["/shop/"]}"#);
    for path in ["/%73hop/", "/sho%70/a", "/%53hop/../shop/"] {
        assert_eq!(policy.decide(InForce, &Head::get(path)), Reject, "{path}");
    }
}

#[test]
fn an_authority_without_a_host_is_in_scope() {
    let policy = scoped(r#"{"hosts": ["shop.example.com"]}"#);
    assert_hosts(&policy, Reject, &[":80", ":", ".", ".:80"]);
}
