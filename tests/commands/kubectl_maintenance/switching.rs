//! `on`, `off` and `dry-run`.

use std::process::Command;

use serde_json::Value;

use super::cluster::{Cluster, ON};

#[test]
fn until_must_be_in_the_future() {
    let cluster = Cluster::with_pods(&[]);
    cluster.reply("plugins", "maintenance-standby maintenance-filter off\n");
    cluster.reply("patch", "shop");
    let on = |until: &str| cluster.run(&["on", "--retry-after", "300", "--until", until]);
    for until in [
        "tomorrow",
        "2099-01-01",
        "2099-01-01T00:00:00",
        "2099-01-01 00:00:00Z",
        "2099-01-01T00:00:00.5Z",
        "2099-01-01T00:00Z",
        "2099-13-01T00:00:00Z",
        "2099-00-01T00:00:00Z",
        "2099-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2099-04-31T00:00:00Z",
        "2099-01-00T00:00:00Z",
        "2099-01-01T24:00:00Z",
        "2099-01-01T00:60:00Z",
        "2099-01-01T00:00:60Z",
        "2099-01-01T00:00:00+24:00",
        "2099-01-01T00:00:00+1",
        "2099-01-01T00:00:00Z\",\"x\":\"",
        "\n2099-01-01T00:00:00Z",
    ] {
        let run = on(until);
        run.assert_status(3);
        assert!(run.stderr.contains("is no time of RFC 3339"), "{until:?}: {run:#?}");
    }
    for (offset, seconds) in [("Z", 0), ("+00:00", 0), ("+05:30", 19_800), ("-11:00", -39_600)] {
        for (from_now, accepted) in [(-30, false), (30, true), (-90_000, false), (90_000, true)] {
            let until = local_time(from_now + seconds) + offset;
            let run = on(&until);
            assert_eq!(run.status == Some(0), accepted, "{until}: {run:#?}");
            assert_eq!(run.stderr.contains("is in the past; it is now 20"), !accepted, "{run:#?}");
        }
    }
    for until in ["2096-02-29T00:00:00Z", "2099-12-31T23:59:59-23:59"] {
        on(until).assert_status(0);
    }
}

/// Time in UTC, `seconds` from now, without an offset.
fn local_time(seconds: i64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time");
    let time = i64::try_from(now.as_secs()).expect("a time") + seconds;
    let arguments = ["-u", "-d", &format!("@{time}"), "+%Y-%m-%dT%H:%M:%S"];
    let output = Command::new("date").args(arguments).output().expect("date runs");
    String::from_utf8(output.stdout).expect("text").trim().into()
}

#[test]
fn on_off_and_dry_run_patch_the_standby_plugin_and_say_what_to_run_next() {
    let cluster = Cluster::with_pods(&[]);
    cluster.reply("plugins", "maintenance-standby maintenance-filter off\n");
    cluster.reply("patch", "shop");
    let until = "2099-01-01T06:00:00+02:00";
    for (arguments, fields, next) in [
        (
            &["on", "--retry-after", "300"][..],
            r#"{"enabled":true,"dryRun":null,"retryAfterSeconds":300,"window":null}"#.to_owned(),
            "  kubectl maintenance status -n shop --wait on\n",
        ),
        (
            &["on", "--retry-after=604800", "--until", until],
            format!(
                r#"{{"enabled":true,"dryRun":null,"retryAfterSeconds":604800,"window":{{"start":null,"end":"{until}","onEnd":"Stop"}}}}"#
            ),
            "  kubectl maintenance status -n shop --wait on\n",
        ),
        (
            &["off"],
            r#"{"enabled":false,"dryRun":null,"window":null}"#.to_owned(),
            "  kubectl maintenance status -n shop --wait off\n",
        ),
        (
            &["dry-run", "-nshop"],
            r#"{"enabled":true,"dryRun":true,"window":null}"#.to_owned(),
            "  kubectl maintenance status -n shop\n",
        ),
    ] {
        let run = cluster.run(arguments);
        run.assert_status(0);
        let patch = format!(r#"{{"spec":{{"pluginConfig":{fields}}}}}"#);
        serde_json::from_str::<Value>(&patch).expect("JSON");
        assert_eq!(
            run.stdout,
            format!(
                "Patched the WasmPlugin maintenance-standby in the namespace shop: {patch}\n\
                 No proxy has confirmed it yet. To see that each has:\n{next}"
            )
        );
        let calls = cluster.read("calls");
        let call = calls.lines().last().expect("a call");
        let expected =
            "patch wasmplugins.extensions.istio.io maintenance-standby --type=merge --patch=";
        assert!(call.contains(&format!("{expected}{patch} ")), "{call}");
    }
}

#[test]
fn the_context_is_passed_on_and_named_in_what_to_run_next() {
    let cluster = Cluster::with_proxies(&[("a", ON)]);
    cluster.reply("plugins", "maintenance-standby maintenance-filter off\n");
    cluster.reply("patch", "shop");
    let context = ["--context", "admin@prod (eu); x", "--kubeconfig=/tmp/my config"];
    let run = cluster.run(&[&["off"], &context[..]].concat());
    run.assert_says(
        "  kubectl maintenance status -n shop --wait off --context=admin@prod\\ \\(eu\\)\\;\\ x \
         --kubeconfig=/tmp/my\\ config\n",
    );
    cluster.run(&[&["status", "-l", "app in (a,b),!c"], &context[..]].concat()).assert_status(0);
    let calls = cluster.read("calls");
    assert!(calls.contains("--selector=app in (a,b),!c"), "{calls}");
    for call in calls.lines() {
        assert!(
            call.contains("--context=admin@prod (eu); x --kubeconfig=/tmp/my config "),
            "{call}"
        );
    }
}

#[test]
fn nothing_is_patched_if_the_plugin_is_missing_or_a_dry_run_would_open_the_service() {
    let cluster = Cluster::with_pods(&[]);
    cluster.reply("patch", "shop");
    cluster.reply("plugins", "maintenance-mode maintenance-filter on\nother  off\n");
    let run = cluster.run(&["off", "-n", "shop"]);
    run.assert_status(2);
    run.assert_says("error: there is no WasmPlugin maintenance-standby in the namespace shop; nothing was changed.");
    run.assert_says("  kubectl apply -n shop -f istio/standby\n");

    cluster.reply("plugins", "maintenance-standby maintenance-filter on\n");
    let run = cluster.run(&["dry-run"]);
    run.assert_status(1);
    run.assert_says("a dry run would let every request through; nothing was changed.");
    run.assert_says("  kubectl maintenance off\n");

    for (error, message) in [
        ("error: the server doesn't have a resource type \"wasmplugins\"\n", "is Istio installed?"),
        (
            "Error from server (Forbidden): wasmplugins.extensions.istio.io is forbidden\n",
            "the verbs get, list and patch on wasmplugins.extensions.istio.io",
        ),
        ("Unable to connect to the server: EOF\n", "error: Unable to connect to the server: EOF"),
    ] {
        cluster.reply("plugins.error", error);
        let run = cluster.run(&["off"]);
        run.assert_status(2);
        run.assert_says(message);
    }
    assert!(!cluster.read("calls").contains(" patch "), "something was patched");
}

#[test]
fn a_refused_patch_is_reported_and_another_plugin_that_stays_on_is_named() {
    let cluster = Cluster::with_pods(&[]);
    let plugins = "maintenance-mode maintenance-filter on\nmaintenance-standby maintenance-filter on\nother another on\n";
    cluster.reply("plugins", plugins);
    cluster.reply("patch", "shop");
    let run = cluster.run(&["off"]);
    run.assert_status(0);
    run.assert_says(
        "NOTE: the WasmPlugin maintenance-mode of this namespace is on, and keeps maintenance on. \
         To turn it off as well:\n  kubectl delete -n shop wasmplugins.extensions.istio.io maintenance-mode\n",
    );
    assert!(!run.stdout.contains("other"));
    assert!(!cluster.run(&["on", "--retry-after", "5"]).stdout.contains("NOTE"));

    let denied = "The wasmplugins \"maintenance-standby\" is invalid: : ValidatingAdmissionPolicy \
                  'maintenance-filter' with binding 'maintenance-filter' denied request: pluginConfig.window: unknown field";
    cluster.reply("patch.error", denied);
    let run = cluster.run(&["on", "--retry-after", "5"]);
    run.assert_status(2);
    assert_eq!((run.stdout.as_str(), run.stderr), ("", format!("error: {denied}\n")));
}
