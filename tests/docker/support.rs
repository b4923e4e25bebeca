//! Running commands.

use std::env;
use std::process::{Command, Output};

use harness::repository;

/// `program` in the root of the repository.
pub fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    // A `make` within `make test-docker` is to be one of its own.
    command.current_dir(repository()).args(arguments).env_remove("MAKEFLAGS");
    command
}

/// Runs it, fails the test if it fails, and hands out what it printed.
pub fn run(command: &mut Command) -> String {
    let output = output(command);
    let errors = String::from_utf8_lossy(&output.stderr);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}: {}\n{printed}\n{errors}", output.status);
    printed
}

/// Runs it, however it ends.
pub fn output(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// `docker` with these arguments.
pub fn docker(arguments: &[&str]) -> String {
    run(&mut command("docker", arguments))
}

/// The image that `make test-docker` names in this variable.
pub fn image_of(variable: &str) -> String {
    env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: run `make test-docker`"))
}
