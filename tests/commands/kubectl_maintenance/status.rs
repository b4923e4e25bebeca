//! States of `status`, its exit status and its notes.

use serde_json::{Value, json};

use super::cluster::{ABSENT, Cluster, DRY_RUN, FORBIDDEN, Metrics, OFF, ON, SCHEDULED, at_once};

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
