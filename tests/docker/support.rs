//! Helpers to run commands.

use std::env;
use std::process::{Command, Output};

use harness::repository;

/// Command that runs `program` in the root folder of the repository.
pub fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    // A nested `make` must not inherit the flags of `make test-docker`.
    command.current_dir(repository()).args(arguments).env_remove("MAKEFLAGS");
    command
}

/// Runs a command and returns its stdout; a failure fails the test.
pub fn run(command: &mut Command) -> String {
    let output = output(command);
    let errors = String::from_utf8_lossy(&output.stderr);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}: {}\n{printed}\n{errors}", output.status);
    printed
}

/// Runs a command and returns its output, whatever its exit status.
pub fn output(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Runs `docker` and returns its stdout; a failure fails the test.
pub fn docker(arguments: &[&str]) -> String {
    run(&mut command("docker", arguments))
}

/// Image name from an environment variable that `make test-docker` sets.
pub fn image_of(variable: &str) -> String {
    env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: run `make test-docker`"))
}
