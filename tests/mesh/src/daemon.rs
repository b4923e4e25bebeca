//! Child process that can be started again.

use std::path::PathBuf;
use std::process::Command;

use harness::process::Process;
use nix::sys::signal::Signal;

/// Running child process, with the command that started it.
pub struct Daemon {
    name: &'static str,
    command: Command,
    log: PathBuf,
    starts: u32,
    process: Process,
}

impl Daemon {
    /// Starts `command` with its output in the file `log`.
    pub fn start(name: &'static str, mut command: Command, log: PathBuf) -> Self {
        let process = Process::spawn(name, &mut command, &log);
        Self { name, command, log, starts: 1, process }
    }

    /// Starts the command again. Its output goes to another file beside the first.
    pub fn start_again(&mut self) {
        self.starts += 1;
        let log = self.log.with_extension(format!("{}.log", self.starts));
        self.process = Process::spawn(self.name, &mut self.command, &log);
    }

    /// Process identifier.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Everything that the process has printed since its latest start.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Prints the end of the process's output, for a failed case.
    pub fn show_log(&self) {
        self.process.show_log();
    }

    /// Sends SIGTERM and waits until the process has exited.
    pub fn stop(&mut self) {
        self.process.stop();
    }

    /// Sends SIGKILL and waits until the process has exited.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Sends a signal without waiting for its effect.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }
}
