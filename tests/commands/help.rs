//! `make help`.

use std::fs;
use std::path::Path;
use std::process::Command;

use harness::repository;
use tempfile::TempDir;

use crate::printed;
use crate::terminal;

fn help(makefile: &Path) -> Command {
    let mut command = Command::new("scripts/help.sh");
    command.arg(makefile).current_dir(repository());
    command
}

#[test]
fn targets_are_listed_by_group() {
    let folder = TempDir::new().expect("a folder");
    let makefile = folder.path().join("Makefile");
    let text = "\
##@ For operators
on: ## turn on ## (RETRY_AFTER=60)
##@ For maintainers
bench: build ## measure
without-description: build
##@ For operators
off on:
off: export A := b
off: ## turn off
";
    fs::write(&makefile, text).expect("the Makefile");
    let expected = "\
For operators
  on     turn on ## (RETRY_AFTER=60)
  off    turn off

For maintainers
  bench  measure
";
    assert_eq!(printed(&help(&makefile).output().expect("the script runs")), expected);
    assert_eq!(terminal::output_of(&help(&makefile), "1").replace('\r', ""), expected);
    let coloured = terminal::output_of(&help(&makefile), "");
    assert!(coloured.contains("\u{1b}[1mFor operators\u{1b}[0m\r\n"), "{coloured:?}");
}

#[test]
fn every_target_is_listed() {
    let makefile = repository().join("Makefile");
    let listed = printed(&help(&makefile).output().expect("the script runs"));
    let text = fs::read_to_string(makefile).expect("the Makefile");
    let phony = text.lines().filter_map(|line| line.strip_prefix(".PHONY: "));
    for target in phony.flat_map(str::split_whitespace).filter(|target| *target != "help") {
        let is_listed = listed.lines().any(|line| line.split_whitespace().next() == Some(target));
        assert!(is_listed, "make help does not list {target}, which needs a line {target}: ## …");
    }
}
