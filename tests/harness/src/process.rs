//! Child processes that end with the test that started them.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const TIME_TO_STOP: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(10);
const SHOWN_LOG_LINES: usize = 120;

/// A running program. Dropping it stops it; if the test is failing by then,
/// the end of its output is printed.
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command` with both outputs going to the file `log`.
    pub fn spawn(name: &str, command: &mut Command, log: &Path) -> Self {
        let output = File::create(log).expect("a log file");
        let errors = output.try_clone().expect("a second handle");
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        // SAFETY: prctl is async-signal-safe.
        unsafe {
            command.pre_exec(|| Ok(prctl::set_pdeathsig(Signal::SIGKILL)?));
        }
        let child = command.spawn().unwrap_or_else(|error| panic!("{name}: {command:?}: {error}"));
        Self { name: name.into(), child, log: log.into() }
    }

    /// All it has printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Prints the end of its output, for a test that failed.
    pub fn show_log(&self) {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let skipped = lines.len().saturating_sub(SHOWN_LOG_LINES);
        eprintln!("---- {} ({skipped} lines before these) ----", self.name);
        lines.iter().skip(skipped).for_each(|line| eprintln!("{line}"));
    }

    /// Its process identifier.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the state of a child")
    }

    /// Asks it to stop and waits until it has; kills it if it takes too long.
    pub fn stop(&mut self) {
        let pid = Pid::from_raw(self.child.id().try_into().expect("a process identifier"));
        let deadline = Instant::now() + TIME_TO_STOP;
        if self.exited().is_none() {
            let _ = kill(pid, Signal::SIGTERM);
        }
        while self.exited().is_none() {
            if Instant::now() > deadline {
                let _ = self.child.kill();
            }
            thread::sleep(PAUSE);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
        if thread::panicking() {
            self.show_log();
        }
    }
}
