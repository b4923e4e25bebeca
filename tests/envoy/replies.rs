//! Headers and bodies of the proxy's local replies.

use harness::client::{Http, request, send};

use crate::support::{BODY, ON, VERSIONS, assert_maintenance, start};

#[tokio::test(flavor = "multi_thread")]
async fn respond_answers_for_an_application_that_is_down() {
    let configuration = r#"{"enabled": true, "exemptions": [
        {"path": "/up", "methods": ["GET", "HEAD"], "action": "Respond"}]}"#;
    let (envoy, upstream) = start(configuration).await;
    for http in VERSIONS {
        for method in ["GET", "HEAD"] {
            let answer = send(envoy.address(), http, request(method, "/up?x=y")).await;
            assert_eq!((answer.status, &answer.body[..]), (200, &b""[..]));
            assert_eq!(answer.header("cache-control"), "no-store");
            assert_eq!(answer.header("retry-after"), "");
        }
        assert_maintenance(&send(envoy.address(), http, request("POST", "/up")).await);
    }
    upstream.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn head_has_the_headers_of_get_and_no_body() {
    let (envoy, upstream) = start(ON).await;
    for http in VERSIONS {
        let get = send(envoy.address(), http, request("GET", "/")).await;
        let head = send(envoy.address(), http, request("HEAD", "/")).await;
        assert_eq!((head.status, &head.body[..]), (503, &b""[..]));
        assert_eq!(head.header_names(), get.header_names());
        for name in ["retry-after", "content-type", "cache-control", "content-length"] {
            assert_eq!(head.header(name), get.header(name));
        }
    }
    upstream.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reply_has_the_configured_headers_and_body() {
    let configuration = r#"{"enabled": true, "retryAfterSeconds": 604800, "response": {
        "contentType": "text/plain; charset=utf-8", "body": "Zurück um 4 Uhr\n",
        "headers": {"X-Reason": "migration", "link": "<https://status.example>; rel=help"}}}"#;
    let (envoy, _upstream) = start(configuration).await;
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
async fn the_largest_body_arrives_in_full() {
    let body = "x".repeat(65_536);
    let configuration = format!(r#"{{"enabled": true, "response": {{"body": "{body}"}}}}"#);
    let (envoy, _upstream) = start(&configuration).await;
    for http in VERSIONS {
        let answer = send(envoy.address(), http, request("GET", "/")).await;
        assert_eq!((answer.status, answer.body.len()), (503, 65_536));
        assert_eq!(answer.header("content-type"), "application/json");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_body_has_no_content_type() {
    let configuration = r#"{"enabled": true, "retryAfterSeconds": 1, "response": {"body": ""}}"#;
    let (envoy, _upstream) = start(configuration).await;
    for http in VERSIONS {
        let answer = send(envoy.address(), http, request("GET", "/")).await;
        assert_eq!((answer.status, &answer.body[..]), (503, &b""[..]));
        assert_eq!(answer.header("retry-after"), "1");
        assert_eq!(
            answer.header("content-type"),
            "",
            "Envoy removes the content type of an empty body"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_reply_has_these_headers_and_no_others() {
    let (envoy, _upstream) = start(ON).await;
    let answer = send(envoy.address(), Http::One, request("GET", "/")).await;
    let expected =
        ["cache-control", "content-length", "content-type", "date", "retry-after", "server"];
    assert_eq!(answer.header_names(), expected);
    assert_eq!(answer.body, BODY);
}
