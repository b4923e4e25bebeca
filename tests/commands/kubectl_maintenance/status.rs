//! Output of `status` for a proxy in each state.

use serde_json::{Value, json};

use super::cluster::{
    ABSENT, Cluster, DRY_RUN, FAR, FORBIDDEN, Metrics, OFF, ON, SCHEDULED, at_once, filters,
};

/// Proxies, options of `status`, and the exit status.
type StatusRow<'a> = (&'a [(&'a str, Metrics)], &'a [&'a str], i32);

#[test]
fn every_state_has_its_row() {
    let cluster = Cluster::with_proxies(&[
        ("absent-1", ABSENT),
        ("dry.run-1", DRY_RUN),
        ("off-1", OFF),
        ("on-1", Metrics { window: [1_000, 1_795_485_600], ..ON }),
        ("scheduled-1", SCHEDULED),
        ("broken-1", ABSENT),
    ]);
    cluster.reply(
        "broken-1.error",
        "Error: dial tcp 127.0.0.1:15000: connect: connection refused\n\
        command terminated with exit code 255\n",
    );
    let run = cluster.run(&["status", "-n", "shop"]);
    run.assert_status(2);
    let header: Vec<_> = run.stdout.lines().next().expect("a line").split_whitespace().collect();
    assert_eq!(header, ["POD", "STATE", "RETRY-AFTER", "ENDS", "REJECTED"]);
    for (pod, cells) in [
        ("absent-1", ["Absent", "-", "-", "-"]),
        ("broken-1", ["Unreachable", "-", "-", "-"]),
        ("dry.run-1", ["DryRun", "-", "-", "0 (would be 7)"]),
        ("off-1", ["Off", "-", "-", "0"]),
        ("on-1", ["On", "300", "2026-11-24T02:00:00Z", "12"]),
        ("scheduled-1", ["Scheduled", "-", "2099-03-01T00:00:59Z", "0"]),
    ] {
        assert_eq!(run.row(pod)[1..], cells, "{pod}");
    }
    for text in [
        "Unreachable: broken-1: Error: dial tcp 127.0.0.1:15000: connect: connection refused\n",
        "Scheduled: the window starts at 2099-02-28T23:59:59Z.",
        "NOT CONFIRMED: 1 of 6 proxies are unreachable \
         (1 Absent, 1 DryRun, 1 Off, 1 On, 1 Scheduled, 1 Unreachable).",
        "It does not prove that",
    ] {
        run.assert_says(text);
    }
    assert!(!run.stdout.contains('\u{1b}') && run.stderr.is_empty(), "{run:#?}");
}

#[test]
fn the_exit_status_says_whether_every_proxy_is_in_the_state() {
    let mixed: &[(&str, Metrics)] = &[("a", ON), ("b", OFF)];
    let not_on: &[(&str, Metrics)] = &[("a", OFF), ("b", ABSENT), ("c", DRY_RUN), ("d", SCHEDULED)];
    let rows: [StatusRow; 16] = [
        (mixed, &[], 1),
        (mixed, &["--wait", "on"], 1),
        (mixed, &["--wait", "off"], 1),
        (&[("a", ON), ("b", ON)], &[], 0),
        (&[("a", ON), ("b", ON)], &["--wait", "on"], 0),
        (&[("a", ON), ("b", ON)], &["--wait", "off"], 1),
        (&[("a", OFF), ("b", OFF)], &[], 0),
        (not_on, &[], 1),
        (not_on, &["--wait", "off"], 0),
        (not_on, &["--wait", "on"], 1),
        (&[("a", ABSENT)], &["--wait", "on"], 1),
        (&[("a", SCHEDULED)], &["--wait", "on"], 1),
        (&[("a", DRY_RUN)], &["--wait", "on"], 1),
        (&[], &[], 2),
        (&[], &["--wait", "on"], 2),
        (&[], &["--wait", "off"], 2),
    ];
    at_once(&rows, |(proxies, arguments, status)| {
        let cluster = Cluster::with_proxies(proxies);
        for output in ["table", "json"] {
            let common = ["--timeout", "1s", "-o", output];
            let run = cluster.run(&[&["status"], *arguments, &common].concat());
            assert_eq!(run.status, Some(*status), "{proxies:?} {arguments:?}: {run:#?}");
        }
    });
}

/// Neither a broken reply nor a failed one passes for a proxy without the filter.
#[test]
fn a_proxy_that_does_not_reply_is_unreachable() {
    let rows = [
        ("", "", "the reply is not from an Envoy proxy"),
        ("invalid path. admin commands are:\n", "", "the reply is not from an Envoy proxy"),
        (
            "server.live: x\nwasmcustom.maintenance_active: 1\n",
            "",
            "the reply is not from an Envoy proxy",
        ),
        ("", FORBIDDEN[0], "cannot get resource \"pods\""),
        ("", FORBIDDEN[1], "cannot create resource \"pods/exec\""),
        (
            "",
            "error: unable to upgrade connection: container not found (\"istio-proxy\")\n",
            "container not found",
        ),
        (
            "",
            "error: unable to upgrade connection: pod a does not have a host assigned\n",
            "host assigned",
        ),
        (
            "",
            "OCI runtime exec failed: exec: \"pilot-agent\": executable file not found\n",
            "executable file not found",
        ),
    ];
    at_once(&rows, |(stats, error, reason)| {
        let cluster = Cluster::with_proxies(&[("a", ON), ("b", OFF)]);
        cluster.reply("b.stats", stats);
        if !error.is_empty() {
            cluster.reply("b.error", error);
        }
        for wait in
            [&[][..], &["--wait", "on", "--timeout", "1s"], &["--wait", "off", "--timeout", "1s"]]
        {
            let run = cluster.run(&[&["status"], wait].concat());
            run.assert_status(2);
            assert_eq!(run.row("b")[1..], ["Unreachable", "-", "-", "-"]);
            run.assert_says(reason);
            assert_eq!(error.contains("forbidden"), run.stdout.contains("Needed: "), "{run:#?}");
        }
    });
}

#[test]
fn pods_that_go_away_are_left_out_and_their_replacements_are_asked() {
    let gone = "Error from server (NotFound): pods \"gone\" not found\n";
    let cluster = Cluster::with_proxies(&[("a", ON), ("gone", ON)]);
    cluster.reply("gone.error", gone);
    let run = cluster.run(&["status"]);
    run.assert_status(1);
    run.assert_says("Pods that went away meanwhile: 1");
    run.assert_says("NOT CONFIRMED (1 On).");
    assert!(!run.stdout.contains("Unreachable"), "{run:#?}");
    assert_eq!(cluster.lists(), 3, "the list is read again");

    // A completed pod does not serve either. A message about another object is no sign that the pod went away.
    cluster.reply(
        "gone.error",
        "error: cannot exec into a container in a completed pod; current phase is Failed\n",
    );
    assert!(!cluster.run(&["status"]).stdout.contains("Unreachable"));
    cluster.reply("gone.error", "Error from server (NotFound): nodes \"node-1\" not found\n");
    assert_eq!(cluster.run(&["status"]).row("gone")[1], "Unreachable");
}

#[test]
fn terminating_and_unprotected_pods_are_marked() {
    let mut lines =
        vec!["shop-1 has-proxy terminating".to_owned(), "shop-2 has-proxy -".to_owned()];
    lines.extend((10..=21).map(|number| format!("bare-{number} no-proxy -")));
    let cluster = Cluster::with_pods(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    cluster.proxy("shop-1", ON);
    cluster.proxy("shop-2", ON);
    let run = cluster.run(&["status", "--wait=on"]);
    run.assert_status(0);
    run.assert_says("shop-1 (terminating)   On ");
    run.assert_says(
        "Not protected, because they have no container istio-proxy: bare-10, bare-11, ",
    );
    run.assert_says("bare-19 and 2 more\n");
    assert!(!run.stdout.contains("bare-20"));
    let json: Value =
        serde_json::from_str(&cluster.run(&["status", "-ojson"]).stdout).expect("JSON");
    assert_eq!(json["podsWithoutProxy"].as_array().map(Vec::len), Some(12));
    assert_eq!(json["proxies"][0]["terminating"], json!(true));
    assert_eq!(json["proxies"][1]["terminating"], json!(false));

    let cluster = Cluster::with_pods(&["bare no-proxy -"]);
    let run = cluster.run(&["status", "-n", "shop"]);
    run.assert_status(2);
    assert_eq!(
        run.stderr,
        "error: no pod of the namespace shop has a container istio-proxy\nNot protected: bare\n"
    );
}

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
