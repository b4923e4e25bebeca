//! `kubectl`, the way operators use it.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A `kubectl` that talks to the API server of the suite.
#[derive(Clone, Debug)]
pub struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
}

impl Kubectl {
    pub fn new(program: PathBuf, kubeconfig: PathBuf) -> Self {
        Self { program, kubeconfig }
    }

    /// The file that points it at the API server.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Runs it and gives what it prints.
    ///
    /// # Errors
    /// What it prints when it fails.
    pub fn try_run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Result<String, String> {
        finished(&self.command(arguments).output().expect("kubectl runs"))
    }

    /// Runs it; a failure fails the test.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> String {
        let line: Vec<_> = arguments.iter().map(|a| a.as_ref().to_string_lossy()).collect();
        self.try_run(arguments).unwrap_or_else(|e| panic!("kubectl {}: {e}", line.join(" ")))
    }

    /// Runs it with `text` as its standard input.
    ///
    /// # Errors
    /// What it prints when it fails.
    pub fn try_feed(&self, arguments: &[&str], text: &str) -> Result<String, String> {
        finished(&self.fed(arguments, text))
    }

    /// Runs it with `text` as its standard input and gives all it prints,
    /// of what went well and of what did not.
    pub fn feed(&self, arguments: &[&str], text: &str) -> String {
        let output = self.fed(arguments, text);
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }

    fn fed(&self, arguments: &[&str], text: &str) -> Output {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("kubectl runs");
        let mut input = child.stdin.take().expect("a pipe");
        input.write_all(text.as_bytes()).expect("kubectl reads");
        drop(input);
        child.wait_with_output().expect("kubectl ends")
    }

    /// Applies the manifests in `text`; a failure fails the test.
    pub fn apply(&self, text: &str) {
        self.try_feed(&["apply", "-f", "-"], text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    }

    fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new(&self.program);
        command.env("KUBECONFIG", &self.kubeconfig).args(arguments);
        command
    }
}

fn finished(output: &Output) -> Result<String, String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}
