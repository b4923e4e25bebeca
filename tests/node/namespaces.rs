//! Namespaces that the suite runs in.
//!
//! A node changes kernel parameters, iptables rules and mounts. The suite therefore
//! starts itself again in new namespaces. When their first process ends, the kernel
//! ends all other processes in them and removes their mounts and network interfaces.
//! Only control groups and files are left, which [`run_inside`] removes.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitCode, ExitStatus};

use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::control_groups::{self, ControlGroups};

/// Address of the node.
pub const NODE_ADDRESS: [u8; 4] = [10, 99, 0, 2];

/// Script in the temporary folder that starts a shell on the node.
pub const SHELL: &str = "shell";
/// File in the temporary folder that the shell reads first.
pub const ENVIRONMENT: &str = "environment";

/// Environment variable of `make run-node`: start the node, run no cases, stop at Ctrl-C.
pub const FOR_A_PERSON: &str = "RUN_NODE";
/// Environment variable with the role of a process of the suite.
const ROLE: &str = "NODE_ROLE";
/// Kernel parameters that the kubelet sets, and the values that it sets. They belong
/// to no namespace, so files take their place.
const KERNEL_PARAMETERS: [(&str, &str); 6] = [
    ("vm/overcommit_memory", "1"),
    ("vm/panic_on_oom", "0"),
    ("kernel/panic", "10"),
    ("kernel/panic_on_oops", "1"),
    ("kernel/keys/root_maxkeys", "1000000"),
    ("kernel/keys/root_maxbytes", "25000000"),
];
/// Commands that prepare the namespaces.
const SETUP: &str = "
mount --make-rshared /
mount -t proc proc /proc
for folder in /run /var/lib/cni /var/lib/kubelet /var/log; do
    mkdir -p $folder
    mount -t tmpfs tmpfs $folder
done
hostname node
ip link set lo up
ip link add node0 type veth peer name node1
ip link set node1 up
ip address add 10.99.0.2/24 dev node0
ip link set node0 up
ip route add default via 10.99.0.1
echo 1 >/proc/sys/net/ipv4/ip_forward
";

/// Part of the suite that a process runs.
pub enum Role {
    /// Process that the user has started.
    Outside,
    /// First process in the namespaces.
    Init,
    /// Process that runs the node and the cases.
    Suite,
}

/// Returns the role of this process.
pub fn role() -> Role {
    match std::env::var(ROLE).as_deref() {
        Ok("init") => Role::Init,
        Ok("suite") => Role::Suite,
        _ => Role::Outside,
    }
}

/// Starts the suite in new namespaces, waits for its end, and removes what is left.
///
/// # Errors
/// Says why a node cannot run here.
pub fn run_inside() -> Result<ExitCode, String> {
    if !nix::unistd::geteuid().is_root() {
        return Err("a node needs root".into());
    }
    if !Path::new("/proc/sys/net/bridge").exists() {
        // Without this module, replies between pods bypass the rules of kube-proxy.
        let loaded = Command::new("modprobe").arg("br_netfilter").status();
        if !loaded.is_ok_and(|status| status.success()) {
            return Err("the kernel module br_netfilter is missing".into());
        }
    }
    let signals: SigSet = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGCHLD].into_iter().collect();
    signals.thread_block().expect("signals are blocked");
    let folder = TempDir::with_prefix("maintenance-node-").expect("a temporary folder");
    let groups = ControlGroups::create()?;
    let child = start_init(&groups, folder.path())?;
    write_shell(&child, folder.path()).map_err(|error| error.to_string())?;
    let status = wait_for(child, &signals);
    groups.remove();
    // A person ends `make run-node` by a signal; for the suite it is a failure.
    let stopped = if std::env::var_os(FOR_A_PERSON).is_some() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    };
    Ok(status.map_or(stopped, exit_code))
}

/// Starts this program as the first process of new namespaces.
fn start_init(groups: &ControlGroups, folder: &Path) -> Result<Child, String> {
    // The process joins its control groups before they become the roots of its
    // namespace, and then leaves those that must have no processes.
    let join = "until [ \"$1\" = -- ]; do echo $$ >\"$1/cgroup.procs\" || exit; shift; done; shift; exec \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", join, "sh"]).args(groups.roots()).args(["--", "unshare", "--cgroup"]);
    command.args(["sh", "-c", join, "sh"]).args(groups.leaves()).args(["--", "unshare"]);
    command.args(["--mount", "--net", "--pid", "--uts", "--ipc", "--fork"]);
    command.args(["--kill-child", "--propagation", "private"]);
    command.arg(std::env::current_exe().expect("this program")).args(std::env::args_os().skip(1));
    command.env("TMPDIR", folder).env(ROLE, "init");
    // SAFETY: prctl is async-signal-safe.
    unsafe {
        command.pre_exec(|| Ok(prctl::set_pdeathsig(Signal::SIGKILL)?));
    }
    command.spawn().map_err(|error| format!("cannot start unshare: {error}"))
}

/// Writes the script for a person who looks at the node.
fn write_shell(unshare: &Child, folder: &Path) -> io::Result<()> {
    let (script, id) = (folder.join(SHELL), unshare.id());
    let text = format!(
        "#!/bin/sh
# Runs a command on the node, or a shell.
first=$(cat /proc/{id}/task/{id}/children)
[ $# -gt 0 ] || set -- bash
exec nsenter --target ${{first% }} --all sh -c '[ ! -e {0} ] || . {0}; exec \"$@\"' sh \"$@\"
",
        folder.join(ENVIRONMENT).display()
    );
    fs::write(&script, text)?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700))
}

/// Waits until the child has exited. Returns `None` if this process was told to stop,
/// and has killed the child.
fn wait_for(mut child: Child, signals: &SigSet) -> Option<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait().expect("the status of a child process") {
            return Some(status);
        }
        if signals.wait().expect("a signal") != Signal::SIGCHLD {
            eprintln!("stopping the node");
            child.kill().expect("the child is killed");
            child.wait().expect("the child has exited");
            return None;
        }
    }
}

/// Prepares the namespaces, starts the suite, and reaps every process that has lost
/// its parent until the suite has exited.
///
/// # Errors
/// Says which step of the preparation failed.
pub fn init() -> Result<ExitCode, String> {
    let setup = Command::new("sh").args(["-ec", SETUP]).output();
    let setup = setup.map_err(|error| format!("sh: {error}"))?;
    if !setup.status.success() {
        let error = String::from_utf8_lossy(&setup.stderr).into_owned();
        return Err(format!("cannot prepare the namespaces of the node: {error}"));
    }
    control_groups::mount()?;
    hide_kernel_parameters()?;
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(std::env::args_os().skip(1)).env(ROLE, "suite");
    let suite = command.spawn().map_err(|error| format!("cannot start the suite: {error}"))?;
    let suite = Pid::from_raw(suite.id().try_into().expect("a process identifier"));
    loop {
        match wait() {
            Ok(WaitStatus::Exited(pid, code)) if pid == suite => {
                return Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)));
            }
            Ok(WaitStatus::Signaled(pid, ..)) if pid == suite => return Ok(ExitCode::FAILURE),
            Ok(_) => {}
            Err(error) => return Err(format!("wait: {error}")),
        }
    }
}

fn hide_kernel_parameters() -> Result<(), String> {
    let folder = std::env::temp_dir().join("kernel-parameters");
    fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for (name, value) in KERNEL_PARAMETERS {
        let file = folder.join(name.replace('/', "-"));
        fs::write(&file, format!("{value}\n")).map_err(|error| error.to_string())?;
        let target = Path::new("/proc/sys").join(name);
        run(Command::new("mount").arg("--bind").arg(file).arg(target))?;
    }
    Ok(())
}

/// Runs a command and waits for it.
///
/// # Errors
/// Returns the command and its output if it fails.
pub fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    Err(format!("{command:?}: {}: {}", output.status, String::from_utf8_lossy(&text)))
}

fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or(status.signal().map(|signal| 128 + signal));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
