//! Programs run in a container that shares the host's network and folders.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{plugin_wasm, repository};

/// Shell script that runs its arguments after the first, with stdout and stderr
/// appended to the file named by the first.
const RUN_WITH_LOG: &str = r#"log=$1; shift; exec "$@" >>"$log" 2>&1"#;

/// Name of a container. Dropping it removes the container.
pub struct Container {
    name: String,
}

impl Container {
    /// Container named after a temporary folder.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self { name: name(folder) }
    }

    /// Name of the container.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Command that runs a program of an image with `docker run`.
    ///
    /// The command exits when the program does, and SIGTERM is forwarded to
    /// the program. The program can read the repository and the module, can
    /// write to temporary folders, and runs as the user who runs the test.
    ///
    /// The image's bash appends the output to the file `log`. `docker run`
    /// itself forwards output late, and loses the end of it on a busy machine.
    #[must_use]
    pub fn run(&self, image: &OsStr, program: &str, log: &Path) -> Command {
        let module = plugin_wasm();
        let mut command = Command::new("docker");
        command.args(["run", "--rm", "--name", &self.name, "--network", "host"]);
        command.args(["--read-only", "--cap-drop", "ALL"]);
        command.args(["--security-opt", "no-new-privileges"]);
        command.args(["--user", &format!("{}:{}", nix::unistd::getuid(), nix::unistd::getgid())]);
        command.arg("--mount").arg(bind(&std::env::temp_dir(), ""));
        command.arg("--mount").arg(bind(repository(), ",readonly"));
        if !module.starts_with(repository()) {
            command.arg("--mount").arg(bind(&module, ",readonly"));
        }
        command.arg("--workdir").arg(repository());
        command.args(["--entrypoint", "bash"]).arg(image).args(["-c", RUN_WITH_LOG, "bash"]);
        command.arg(log).arg(program);
        command
    }
}

/// Container name derived from a temporary folder. It starts with the prefix by
/// which `make test-docker` finds and removes leftover containers after an
/// interrupt.
#[must_use]
pub fn name(folder: &Path) -> String {
    let run = std::env::var("TEST_RUN").unwrap_or_default();
    let folder = folder.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    format!("maintenance-filter-{run}-{}", folder.trim_start_matches('.'))
}

fn bind(path: &Path, options: &str) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| panic!("{} does not exist", path.display()));
    format!("type=bind,source={0},target={0}{options}", path.display())
}

impl Drop for Container {
    fn drop(&mut self) {
        // `docker run --rm` has removed the container already unless the test failed.
        let mut remove = Command::new("docker");
        remove.args(["rm", "--force", &self.name]).stdout(Stdio::null()).stderr(Stdio::null());
        let _ = remove.status();
    }
}
