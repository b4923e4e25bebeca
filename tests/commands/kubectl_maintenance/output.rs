//! Cells of the table of `status`, and its JSON.

use serde_json::{Value, json};

use super::cluster::{ABSENT, Cluster, DRY_RUN, FAR, Metrics, OFF, ON, filters};

#[test]
fn all_namespaces_adds_a_column() {
    let cluster = Cluster::with_pods(&[]);
    cluster.reply("pods", "pay a has-proxy -\nshop a has-proxy -\nshop bare no-proxy -\n");
    cluster.proxy("a", OFF);
    let run = cluster.run(&["status", "-A"]);
    run.assert_status(0);
    assert!(run.stdout.starts_with("NAMESPACE   POD   STATE"), "{run:#?}");
    assert_eq!(run.row("pay")[..3], ["pay", "a", "Off"]);
    run.assert_says(": shop/bare\n");
    let calls = cluster.read("calls");
    assert!(calls.contains(
        "get pods --field-selector=status.phase!=Succeeded,status.phase!=Failed --all-namespaces"
    ));
    assert!(
        calls.contains("exec --namespace=pay a ") && calls.contains("exec --namespace=shop a ")
    );
}

#[test]
fn retry_after_is_read_from_the_configuration_of_the_proxy() {
    let on = |fields: &str| format!(r#"{{"enabled":true{fields}}}"#);
    for (configurations, expected) in [
        (vec![on(r#","retryAfterSeconds":300"#)], "300"),
        (vec![on(r#","retryAfterSeconds":88"#), on(r#", "retryAfterSeconds": 300"#)], "88,300"),
        (vec![on(r#","retryAfterSeconds":300"#), on(r#","retryAfterSeconds":300"#)], "300"),
        (vec![on("")], "60"),
        (vec![on(r#","window":{"end":"2099-03-01T00:00:59Z"}"#)], "-"),
        (vec![], "-"),
        (vec![r#"{"enabled":false,"retryAfterSeconds":60}"#.into(), on(r#","retryAfterSeconds":5"#)], "5"),
        (vec![on(r#","dryRun":true,"retryAfterSeconds":60"#), on(r#","retryAfterSeconds":5"#)], "5"),
        // A body that looks like a configuration.
        (vec![on(r#","response":{"body":"{\"retryAfterSeconds\":5,\"dryRun\":true}"},"retryAfterSeconds":7"#)], "7"),
        (vec![r#"{"enabled":false,"response":{"body":"{\"enabled\":true}"},"retryAfterSeconds":7}"#.into()], "-"),
    ] {
        let cluster = Cluster::with_proxies(&[("a", ON)]);
        let texts: Vec<&str> = configurations.iter().map(String::as_str).collect();
        cluster.reply("a.filters", &filters(&texts));
        assert_eq!(cluster.run(&["status"]).row("a")[2], expected, "{configurations:?}");
        let json: Value = serde_json::from_str(&cluster.run(&["status", "-o=json"]).stdout).expect("JSON");
        let list = if expected == "-" { "[]".into() } else { format!("[{expected}]") };
        assert_eq!(json["proxies"][0]["retryAfterSeconds"].to_string(), list);
    }
    // A second question only to proxies that are on.
    let cluster = Cluster::with_proxies(&[("a", ON), ("b", OFF)]);
    cluster.run(&["status"]);
    let calls = cluster.read("calls");
    let asked: Vec<_> = calls.lines().filter(|call| call.contains("config_dump")).collect();
    assert_eq!(asked.len(), 1, "{calls}");
    assert!(asked[0].contains(" a --container=istio-proxy "), "{calls}");
}

#[test]
fn times_are_right_on_the_edges_of_the_calendar() {
    for (end, expected) in [
        (951_782_400, "2000-02-29T00:00:00Z"),
        (951_868_799, "2000-02-29T23:59:59Z"),
        (1_709_251_199, "2024-02-29T23:59:59Z"),
        (1_735_689_599, "2024-12-31T23:59:59Z"),
        (1_767_225_600, "2026-01-01T00:00:00Z"),
        (4_107_542_399, "2100-02-28T23:59:59Z"),
        (4_107_542_400, "2100-03-01T00:00:00Z"),
    ] {
        let cluster = Cluster::with_proxies(&[("a", Metrics { window: [0, end], ..ON })]);
        assert_eq!(cluster.run(&["status"]).row("a")[3], expected);
    }
}

#[test]
fn json_has_every_row_and_is_valid_whatever_kubectl_says() {
    let window = Metrics { window: [1_000, FAR], ..ON };
    let cluster =
        Cluster::with_proxies(&[("a", window), ("b", DRY_RUN), ("c", ABSENT), ("d", OFF)]);
    cluster.reply(
        "d.error",
        "error: \"quotes\", back\\slash, tab\t, \u{1b}[31mred\u{1b}[0m, \u{fc}ml\u{e4}ut\r\n",
    );
    let run = cluster.run(&["status", "-o", "json"]);
    run.assert_status(2);
    let value: Value = serde_json::from_str(&run.stdout).expect(&run.stdout);
    assert_eq!(
        value,
        json!({
            "exitStatus": 2,
            "error": null,
            "proxies": [
                {"namespace": "shop", "pod": "a", "state": "On", "terminating": false,
                 "retryAfterSeconds": [300], "windowStart": "1970-01-01T00:16:40Z",
                 "windowEnd": "2099-02-28T23:59:59Z", "rejectedRequests": 12, "dryRunRejectedRequests": 0},
                {"namespace": "shop", "pod": "b", "state": "DryRun", "terminating": false,
                 "retryAfterSeconds": [], "windowStart": null, "windowEnd": null,
                 "rejectedRequests": 0, "dryRunRejectedRequests": 7},
                {"namespace": "shop", "pod": "c", "state": "Absent", "terminating": false,
                 "retryAfterSeconds": [], "windowStart": null, "windowEnd": null,
                 "rejectedRequests": null, "dryRunRejectedRequests": null},
                {"namespace": "shop", "pod": "d", "state": "Unreachable", "terminating": false,
                 "retryAfterSeconds": [], "windowStart": null, "windowEnd": null,
                 "rejectedRequests": null, "dryRunRejectedRequests": null,
                 "reason": "error: \"quotes\", back\\slash, tab?, ?[31mred?[0m, ??ml??ut?"},
            ],
            "podsWithoutProxy": [],
        })
    );
    assert!(run.stderr.is_empty(), "{run:#?}");
}
