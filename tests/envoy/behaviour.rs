//! The behaviour table, over HTTP/1.1 and HTTP/2.

use harness::client::{Http, body, request, send};

use crate::support::{BODY, HEALTH, OFF, ON, assert_application, assert_maintenance, with};

const VERSIONS: [Http; 2] = [Http::One, Http::Two];
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"];

#[tokio::test(flavor = "multi_thread")]
async fn disabled_leaves_every_request_and_answer_untouched() {
    let (envoy, upstream) = with(OFF).await;
    let mut expected = Vec::new();
    for http in VERSIONS {
        for method in METHODS {
            let answer = send(envoy.address(), http, request(method, "/a?b=c")).await;
            assert_application(&answer);
            assert!(!answer.names().contains(&"cache-control"), "{answer:?}");
            expected.push(format!("{method} {}/a?b=c", authority(http)));
        }
    }
    assert_eq!(upstream.requests(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_configuration_is_disabled() {
    let (envoy, _upstream) = with("").await;
    assert_application(&envoy.get("/").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn enabled_rejects_every_method_before_the_application() {
    let (envoy, upstream) = with(ON).await;
    for http in VERSIONS {
        for method in METHODS {
            assert_maintenance(&send(envoy.address(), http, request(method, "/")).await);
        }
    }
    assert_eq!(upstream.requests(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_check_goes_on_to_the_application() {
    let (envoy, upstream) = with(ON).await;
    for http in VERSIONS {
        for query in ["", "?", "?probe=1", "?a=/../b"] {
            let target = format!("{HEALTH}{query}");
            assert_application(&send(envoy.address(), http, request("GET", &target)).await);
        }
    }
    assert_eq!(upstream.requests().len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_exact_path_with_its_method_is_exempt() {
    let (envoy, upstream) = with(ON).await;
    let paths = [
        "/load-balancer/health-check/",
        "/load-balancer/health-check/x",
        "/load-balancer/health-checks",
        "/load-balancer/health-chec",
        "/Load-Balancer/Health-Check",
        "//load-balancer/health-check",
        "/load-balancer//health-check",
        "/load-balancer/./health-check",
        "/x/../load-balancer/health-check",
        "/load-balancer/health%2Dcheck",
        "/load-balancer%2fhealth-check",
        "/load-balancer/health-check;x=y",
        "/?/load-balancer/health-check",
    ];
    for http in VERSIONS {
        for path in paths {
            assert_maintenance(&send(envoy.address(), http, request("GET", path)).await);
        }
        for method in ["HEAD", "POST", "OPTIONS"] {
            let answer = send(envoy.address(), http, request(method, HEALTH)).await;
            assert_eq!(answer.status, 503, "{method}");
        }
    }
    assert_eq!(upstream.requests(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prefix_exempts_what_is_below_it_unless_the_path_is_ambiguous() {
    let configuration = r#"{"enabled": true, "exemptions": [{"pathPrefix": "/probes/"}]}"#;
    let (envoy, upstream) = with(configuration).await;
    let exempt = ["/probes/", "/probes/live", "/probes/a/b?c=/../d", "/probes/%20"];
    let rejected = [
        "/probes",
        "/Probes/live",
        "/probes/../orders",
        "/probes/./live",
        "/probes/..",
        "/probes//live",
        "/probes/a\\b",
        "/probes/a;b",
        "/probes/%2e%2e/orders",
        "/probes/%2E%2E/orders",
        "/probes/a%2fb",
        "/probes/a%5Cb",
        "/load-balancer/health-check",
    ];
    for http in VERSIONS {
        for path in exempt {
            assert_application(&send(envoy.address(), http, request("GET", path)).await);
        }
        for path in rejected {
            assert_maintenance(&send(envoy.address(), http, request("GET", path)).await);
        }
    }
    assert_eq!(upstream.requests().len(), 2 * exempt.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn respond_answers_for_an_application_that_is_down() {
    let configuration = r#"{"enabled": true, "exemptions": [
        {"path": "/up", "methods": ["GET", "HEAD"], "action": "Respond"}]}"#;
    let (envoy, upstream) = with(configuration).await;
    for http in VERSIONS {
        for method in ["GET", "HEAD"] {
            let answer = send(envoy.address(), http, request(method, "/up?x=y")).await;
            assert_eq!((answer.status, &answer.body[..]), (200, &b""[..]));
            assert_eq!(answer.header("cache-control"), "no-store");
            assert_eq!(answer.header("retry-after"), "");
        }
        assert_maintenance(&send(envoy.address(), http, request("POST", "/up")).await);
    }
    assert_eq!(upstream.requests(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_list_exempts_nothing() {
    let (envoy, upstream) = with(r#"{"enabled": true, "exemptions": []}"#).await;
    assert_maintenance(&envoy.get(HEALTH).await);
    assert_eq!(upstream.requests(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn head_has_the_headers_of_get_and_no_body() {
    let (envoy, upstream) = with(ON).await;
    for http in VERSIONS {
        let get = send(envoy.address(), http, request("GET", "/")).await;
        let head = send(envoy.address(), http, request("HEAD", "/")).await;
        assert_eq!((head.status, &head.body[..]), (503, &b""[..]));
        assert_eq!(head.names(), get.names());
        for name in ["retry-after", "content-type", "cache-control", "content-length"] {
            assert_eq!(head.header(name), get.header(name));
        }
    }
    assert_eq!(upstream.requests(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cors_preflight_is_rejected_like_any_request() {
    let (envoy, upstream) = with(ON).await;
    for http in VERSIONS {
        let mut preflight = request("OPTIONS", "/orders");
        let headers = preflight.headers_mut();
        headers.insert("origin", "https://app.example".parse().expect("a value"));
        headers.insert("access-control-request-method", "PUT".parse().expect("a value"));
        assert_maintenance(&send(envoy.address(), http, preflight).await);
    }
    assert_eq!(upstream.requests(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_body_does_not_matter() {
    let (envoy, upstream) = with(ON).await;
    for http in VERSIONS {
        let post = request("POST", "/orders").map(|_| body("an order"));
        assert_maintenance(&send(envoy.address(), http, post).await);
    }
    assert_eq!((upstream.requests().len(), upstream.body_bytes()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reply_is_the_configured_one() {
    let configuration = r#"{"enabled": true, "retryAfterSeconds": 604800, "response": {
        "contentType": "text/plain; charset=utf-8", "body": "Zurück um 4 Uhr\n",
        "headers": {"X-Reason": "migration", "link": "<https://status.example>; rel=help"}}}"#;
    let (envoy, _upstream) = with(configuration).await;
    for http in VERSIONS {
        let answer = send(envoy.address(), http, request("GET", "/")).await;
        assert_eq!((answer.status, &answer.body[..]), (503, "Zurück um 4 Uhr\n".as_bytes()));
        let expected = [
            ("retry-after", "604800"),
            ("content-type", "text/plain; charset=utf-8"),
            ("cache-control", "no-store"),
            ("content-length", "17"),
            ("x-reason", "migration"),
            ("link", "<https://status.example>; rel=help"),
        ];
        for (name, value) in expected {
            assert_eq!(answer.header(name), value, "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_reply_arrives_whole() {
    let text = "x".repeat(65_536);
    let configuration = format!(r#"{{"enabled": true, "response": {{"body": "{text}"}}}}"#);
    let (envoy, _upstream) = with(&configuration).await;
    for http in VERSIONS {
        let answer = send(envoy.address(), http, request("GET", "/")).await;
        assert_eq!((answer.status, answer.body.len()), (503, 65_536));
        assert_eq!(answer.header("content-type"), "application/json");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_body_goes_without_a_content_type() {
    let configuration = r#"{"enabled": true, "retryAfterSeconds": 1, "response": {"body": ""}}"#;
    let (envoy, _upstream) = with(configuration).await;
    for http in VERSIONS {
        let answer = send(envoy.address(), http, request("GET", "/")).await;
        assert_eq!((answer.status, &answer.body[..]), (503, &b""[..]));
        assert_eq!(answer.header("retry-after"), "1");
        assert_eq!(answer.header("content-type"), "", "Envoy removes it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_reply_has_these_headers_and_no_others() {
    let (envoy, _upstream) = with(ON).await;
    let answer = send(envoy.address(), Http::One, request("GET", "/")).await;
    let expected =
        ["cache-control", "content-length", "content-type", "date", "retry-after", "server"];
    assert_eq!(answer.names(), expected);
    assert_eq!(answer.body, BODY);
}

/// How the upstream writes the target: HTTP/2 carries the authority with it.
fn authority(http: Http) -> &'static str {
    match http {
        Http::One => "",
        Http::Two => "http://service.example",
    }
}
