//! Commands on a terminal: colours, `NO_COLOR` and the next commands to run.

use std::iter;
use std::process::{Command, Stdio};
use std::time::Duration;

use harness::process::Process;
use harness::wait::eventually;

use crate::{checkout, find_program, printed, run_command, start, switch_command};

const ESCAPE: char = '\u{1b}';

/// The command on a terminal of its own. Of the environment it gets `PATH` and what
/// was set for `command`.
fn on_terminal(command: &Command, no_color: &str) -> Command {
    let words = iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_str().expect("text")).collect();
    let path = std::env::var_os("PATH").expect("PATH");
    let mut script = Command::new(find_program("script"));
    script.args(["--quiet", "--command", &words.join(" "), "/dev/null"]).stdin(Stdio::null());
    script.env_clear().env("PATH", path).env("TERM", "xterm").env("SHELL", "/bin/sh");
    script.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if let Some(folder) = command.get_current_dir() {
        script.current_dir(folder);
    }
    script.env("NO_COLOR", no_color);
    script
}

/// Text that a command prints on a terminal.
pub fn output_of(command: &Command, no_color: &str) -> String {
    printed(&on_terminal(command, no_color).output().expect("script runs"))
}

#[tokio::test(flavor = "multi_thread")]
async fn switching_has_colours_and_says_what_to_do_next_only_on_a_terminal() {
    let run = start().await;
    for (command, state, next) in [
        ("on", "\u{1b}[1m\u{1b}[33mon\u{1b}[0m", "make off"),
        ("status", "\u{1b}[1m\u{1b}[33mon\u{1b}[0m", "make off"),
        ("off", "\u{1b}[1m\u{1b}[32moff\u{1b}[0m", "make on RETRY_AFTER=300"),
    ] {
        let mut command = switch_command(run.folder.path(), command, "300");
        let coloured = output_of(&command, "");
        assert!(coloured.contains(&format!("maintenance is {state}")), "{coloured:?}");
        assert!(coloured.contains(next), "{coloured:?}");

        let plain = output_of(&command, "1");
        assert!(plain.contains(next) && !plain.contains(ESCAPE), "{plain:?}");

        let piped = printed(&command.output().expect("the script runs"));
        assert!(piped.starts_with("maintenance is o"), "{piped:?}");
        assert!(!piped.contains(next) && !piped.contains(ESCAPE), "{piped:?}");
    }
}

#[test]
fn an_error_is_red_on_a_terminal() {
    let folder = checkout();
    let command = switch_command(folder.path(), "on", "60");
    let error = "error:\u{1b}[0m no proxy is running here";
    let coloured = output_of(&command, "");
    assert!(coloured.contains(&format!("\u{1b}[31m{error}")), "{coloured:?}");
    let plain = output_of(&command, "1");
    assert!(plain.starts_with("error: no proxy is running here"), "{plain:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn make_run_prints_its_commands_in_bold_on_a_terminal() {
    for (no_color, expected) in [("", "\u{1b}[1mmake off "), ("1", "  make off ")] {
        let folder = checkout();
        let (command, _) = run_command(folder.path());
        let mut command = on_terminal(&command, no_color);
        let process = Process::spawn("make run", &mut command, &folder.path().join("run.log"));
        let ready = async || process.log().contains("Ctrl-C stops everything").then_some(());
        eventually("`make run` prints its instructions", Duration::from_secs(60), ready).await;
        let log = process.log();
        assert!(log.contains(expected), "{log:?}");
        assert_eq!(log.contains(ESCAPE), no_color.is_empty(), "{log:?}");
    }
}
