//! `kubectl` as operators use it.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// `kubectl` configured for the API server of the suite.
#[derive(Clone, Debug)]
pub struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
}

impl Kubectl {
    pub fn new(program: PathBuf, kubeconfig: PathBuf) -> Self {
        Self { program, kubeconfig }
    }

    /// Copy of this `kubectl` with another kubeconfig file.
    #[must_use]
    pub fn with_kubeconfig(&self, kubeconfig: PathBuf) -> Self {
        Self { program: self.program.clone(), kubeconfig }
    }

    /// Path of the kubeconfig file.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Runs `kubectl` and returns its stdout.
    ///
    /// # Errors
    /// Returns the stderr of a failed run.
    pub fn try_run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Result<String, String> {
        into_result(&self.command(arguments).output().expect("kubectl runs"))
    }

    /// Runs `kubectl` and returns its stdout; a failure fails the test.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> String {
        let line: Vec<_> = arguments.iter().map(|a| a.as_ref().to_string_lossy()).collect();
        self.try_run(arguments).unwrap_or_else(|e| panic!("kubectl {}: {e}", line.join(" ")))
    }

    /// Runs `kubectl` with `input` on stdin and returns its stdout.
    ///
    /// # Errors
    /// Returns the stderr of a failed run.
    pub fn try_run_with_input(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        into_result(&self.output_with_input(arguments, input))
    }

    /// Runs `kubectl` with `input` on stdin and returns its stdout and stderr,
    /// whatever its exit status.
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> String {
        let output = self.output_with_input(arguments, input);
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }

    /// Runs `kubectl maintenance` of `istio/`, which `kubectl` finds as a plugin on `PATH`.
    /// Returns the exit status, and stdout and stderr.
    pub fn maintenance(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = self.command(&[&["maintenance"], arguments].concat());
        let output = command.env("PATH", self.search_path()).output().expect("kubectl runs");
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.code(), text)
    }

    /// `PATH` of an operator, with `kubectl` and its plugin, which calls `kubectl` itself.
    pub fn search_path(&self) -> OsString {
        let path = env::var_os("PATH").unwrap_or_default();
        let own = self.program.parent().expect("a folder").to_owned();
        let folders = [harness::repository().join("istio"), own];
        env::join_paths(folders.into_iter().chain(env::split_paths(&path))).expect("a path")
    }

    fn output_with_input(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("kubectl runs");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(input.as_bytes()).expect("kubectl reads its input");
        drop(stdin);
        child.wait_with_output().expect("kubectl exits")
    }

    /// Applies manifests; a failure fails the test.
    pub fn apply(&self, manifests: &str) {
        self.try_run_with_input(&["apply", "-f", "-"], manifests)
            .unwrap_or_else(|error| panic!("{error}\n{manifests}"));
    }

    fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new(&self.program);
        command.env("KUBECONFIG", &self.kubeconfig).args(arguments);
        command
    }
}

/// Stdout of a successful run, or stderr of a failed one.
fn into_result(output: &Output) -> Result<String, String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}
