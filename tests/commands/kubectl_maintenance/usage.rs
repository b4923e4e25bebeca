//! Options, help and terminals.

use std::fs;

use super::cluster::{Cluster, OFF, ON};
use crate::terminal;

#[test]
fn wrong_usage_is_refused_before_anything_is_asked() {
    let cluster = Cluster::with_proxies(&[("a", ON)]);
    for (arguments, message) in [
        (&[][..], "kubectl maintenance status"),
        (&["stauts"], "unknown command: stauts"),
        (&["status", "shop"], "unknown option for status: shop"),
        (&["status", "--watch"], "unknown option for status: --watch"),
        (&["status", "-n"], "-n needs a value"),
        (&["status", "--namespace="], "--namespace needs a value"),
        (&["status", "-n", "-A"], "-A is not the name of a namespace"),
        (&["status", "-n", "a b"], "a b is not the name of a namespace"),
        (&["status", "-n", "shop", "-A"], "-n and -A exclude each other"),
        (&["status", "--all-namespaces=yes"], "--all-namespaces takes no value"),
        (&["status", "--wait", "maybe"], "--wait: maybe is not allowed: must be on or off"),
        (&["status", "--timeout", "soon"], "--timeout: soon is no duration"),
        (&["status", "--timeout", "0s"], "--timeout: 0s is no duration"),
        (&["status", "--request-timeout", "1d"], "--request-timeout: 1d is no duration"),
        (&["status", "-o", "yaml"], "--output: yaml is not allowed: must be json or table"),
        (&["status", "--retry-after", "300"], "unknown option for status: --retry-after"),
        (&["on"], "on needs --retry-after SECONDS"),
        (&["on", "--retry-after", "300", "-A"], "unknown option for on: -A"),
        (&["on", "--retry-after", "300", "-l", "a=b"], "unknown option for on: -l"),
        (&["on", "--retry-after", "0"], "--retry-after: 0 is not allowed"),
        (&["on", "--retry-after", "604801"], "from 1 to 604800"),
        (&["on", "--retry-after", "99999999999999999999"], "from 1 to 604800"),
        (&["on", "--retry-after", "-5"], "--retry-after: -5 is not allowed"),
        (&["on", "--retry-after", "08"], "--retry-after: 08 is not allowed"),
        (&["on", "--retry-after", "5m"], "--retry-after: 5m is not allowed"),
        (&["off", "--retry-after", "300"], "unknown option for off: --retry-after"),
        (&["dry-run", "--until", "2099-01-01T00:00:00Z"], "unknown option for dry-run: --until"),
    ] {
        let run = cluster.run(arguments);
        assert_eq!(run.status, Some(3), "{arguments:?}: {run:#?}");
        assert!(run.stderr.contains(message) && run.stdout.is_empty(), "{arguments:?}: {run:#?}");
    }
    assert_eq!(cluster.read("calls"), "", "kubectl was called");
}

#[test]
fn every_command_has_help() {
    let cluster = Cluster::with_pods(&[]);
    for (arguments, text) in [
        (&["--help"][..], "kubectl maintenance dry-run [-n NAMESPACE]"),
        (&["help"], "kubectl maintenance dry-run [-n NAMESPACE]"),
        (&["-h"], "kubectl maintenance dry-run [-n NAMESPACE]"),
        (&["help", "status"], "Unreachable  the proxy did not reply"),
        (&["status", "--help"], "Exit status: 0 every proxy"),
        (&["status", "--help"], "It does not prove that\n"),
        (&["status", "-n", "shop", "-h"], "Exit status: 0 every proxy"),
        (&["on", "--help"], "--until TIME"),
        (&["off", "--help"], "Exit status: 0 patched"),
        (&["dry-run", "--help"], "Refused while the plugin is on"),
    ] {
        let run = cluster.run(arguments);
        run.assert_status(0);
        assert!(run.stdout.contains(text) && run.stderr.is_empty(), "{arguments:?}: {run:#?}");
        assert!(run.stdout.lines().all(|line| line.len() <= 120), "{arguments:?}");
    }
}

#[test]
fn without_kubectl_the_error_says_so() {
    let cluster = Cluster::with_pods(&[]);
    fs::remove_file(cluster.path("bin/kubectl")).expect("the stand-in");
    for arguments in [&["status"][..], &["off"]] {
        let run = cluster.run(arguments);
        run.assert_status(2);
        assert_eq!(run.stderr, "error: kubectl is not on PATH\n");
    }
}

/// On a terminal, states have colours and the progress is one line that changes.
/// `NO_COLOR` turns the colours off.
#[test]
fn colours_and_the_changing_line_are_for_terminals() {
    let cluster = Cluster::with_proxies(&[("a", OFF)]);
    let wait = cluster.command(&["status", "--wait", "on", "--timeout", "3s"]);
    let text = terminal::output_of(&wait, "");
    assert!(text.contains("\r\u{1b}[Kwaiting for on: 1 Off ("), "{text:?}");
    assert!(!text.contains(" s of 3 s)\r\n"), "{text:?}");
    assert!(text.contains("\u{1b}[32mOff"), "{text:?}");
    let plain = terminal::output_of(&wait, "1");
    assert!(
        plain.contains("\r\u{1b}[Kwaiting for on") && !plain.contains("\u{1b}[32m"),
        "{plain:?}"
    );
}
