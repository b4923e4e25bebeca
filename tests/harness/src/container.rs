//! A program in a container on the network of this machine, in its folders.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{plugin_wasm, repository};

/// Runs the rest of its arguments with both outputs going to the file that is the first.
const TO_FILE: &str = r#"log=$1; shift; exec "$@" >>"$log" 2>&1"#;

/// A name for a container, which is gone when this is dropped.
pub struct Container {
    name: String,
}

impl Container {
    /// The container that goes with a temporary folder.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self { name: name(folder) }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `docker run` of a program of an image. The command ends with it, and a
    /// SIGTERM reaches it. It sees the repository and the module, may write
    /// in temporary folders, and has the rights of whoever runs the test.
    ///
    /// What it prints is appended to the file `log`, by way of the image's
    /// bash: Docker hands it on late, and on a busy machine not to the end.
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
        command.args(["--entrypoint", "bash"]).arg(image).args(["-c", TO_FILE, "bash"]);
        command.arg(log).arg(program);
        command
    }
}

/// A name that goes with a temporary folder. It begins as `make test-docker`
/// expects, which removes what is left when it is interrupted.
#[must_use]
pub fn name(folder: &Path) -> String {
    let run = std::env::var("TEST_RUN").unwrap_or_default();
    let folder = folder.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    format!("maintenance-filter-{run}-{}", folder.trim_start_matches('.'))
}

fn bind(path: &Path, options: &str) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| panic!("no {}", path.display()));
    format!("type=bind,source={0},target={0}{options}", path.display())
}

impl Drop for Container {
    fn drop(&mut self) {
        // Gone already, unless something went wrong.
        let mut remove = Command::new("docker");
        remove.args(["rm", "--force", &self.name]).stdout(Stdio::null()).stderr(Stdio::null());
        let _ = remove.status();
    }
}
