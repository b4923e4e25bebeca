//! Child processes that stop when the test that started them ends.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const STOP_TIMEOUT: Duration = Duration::from_secs(15);
const POLL_INTERVAL: Duration = Duration::from_millis(10);
const SHOWN_LOG_LINES: usize = 120;

/// Running child process. Dropping it stops the process. If the test is
/// panicking, dropping it also prints the end of the process's output.
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command` with stdout and stderr redirected to the file `log`.
    pub fn spawn(name: &str, command: &mut Command, log: &Path) -> Self {
        let output = File::create(log).expect("a log file");
        let errors = output.try_clone().expect("a second file handle");
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        // SAFETY: prctl is async-signal-safe.
        unsafe {
            command.pre_exec(|| Ok(prctl::set_pdeathsig(Signal::SIGKILL)?));
        }
        let child = command.spawn().unwrap_or_else(|error| panic!("{name}: {command:?}: {error}"));
        Self { name: name.into(), child, log: log.into() }
    }

    /// Everything the process has printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Prints the end of the process's output, for a failed test.
    pub fn show_log(&self) {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let skipped = lines.len().saturating_sub(SHOWN_LOG_LINES);
        eprintln!("---- {} ({skipped} earlier lines omitted) ----", self.name);
        lines.iter().skip(skipped).for_each(|line| eprintln!("{line}"));
    }

    /// Process identifier.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Exit status; `None` while the process is running.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the status of a child process")
    }

    /// Sends a signal without waiting for its effect.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().try_into().expect("a process identifier"));
        let _ = kill(pid, signal);
    }

    /// Sends SIGKILL and waits until the process has exited.
    pub fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        self.stop();
    }

    /// Sends SIGTERM and waits until the process has exited. Kills it after a timeout.
    pub fn stop(&mut self) {
        let deadline = Instant::now() + STOP_TIMEOUT;
        if self.exited().is_none() {
            self.signal(Signal::SIGTERM);
            // A process that SIGSTOP has stopped handles SIGTERM only after SIGCONT.
            self.signal(Signal::SIGCONT);
        }
        while self.exited().is_none() {
            if Instant::now() > deadline {
                let _ = self.child.kill();
            }
            thread::sleep(POLL_INTERVAL);
        }
    }
}

/// Resident memory of a process, in KiB.
#[must_use]
pub fn resident_memory(process: u32) -> u64 {
    status(process, "VmRSS:")
}

/// Resident memory of a process that is no part of a file, in KiB.
#[must_use]
pub fn anonymous_memory(process: u32) -> u64 {
    status(process, "RssAnon:")
}

/// Number of KiB in a field of a process's status, from Linux's `/proc`.
fn status(process: u32, field: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("a running process");
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).expect("a field in KiB")
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
        if thread::panicking() {
            self.show_log();
        }
    }
}
