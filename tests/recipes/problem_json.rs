//! Body in the format of RFC 9457.

use harness::client::{Http, request, send};
use serde_json::Value;

use crate::manifest::start;

#[tokio::test(flavor = "multi_thread")]
async fn the_reply_is_a_problem_detail() {
    let (envoy, upstream) = start("problem-json").await;
    for http in [Http::One, Http::Two] {
        let answer = send(envoy.address(), http, request("POST", "/orders")).await;
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.header("retry-after"), "300");
        assert_eq!(answer.header("cache-control"), "no-store");
        let problem: Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert_eq!(problem["status"], answer.status);
        let kind = problem["type"].as_str().expect("a string");
        let kind: hyper::Uri = kind.parse().expect("a URI");
        assert!(kind.scheme().is_some() && kind.host().is_some(), "{kind} is not absolute");
        for member in ["title", "detail"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member}");
        }

        let head = send(envoy.address(), http, request("HEAD", "/orders")).await;
        assert_eq!(head.header("content-type"), "application/problem+json");
        assert_eq!(head.header("content-length"), answer.body.len().to_string());
        assert!(head.body.is_empty());
    }
    upstream.assert_untouched();
    assert_eq!(envoy.get("/load-balancer/health-check").await.status, 200);
    assert_eq!(upstream.requests().len(), 1);
}
