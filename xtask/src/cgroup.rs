//! A Linux control group with a CPU limit, as Kubernetes makes one for a
//! container. Three files are written, for which `cgroups-rs` is too much.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Kubernetes' default.
const PERIOD_US: u32 = 100_000;

/// A control group. Dropping it removes it; its processes must have ended.
pub struct Cgroup {
    folder: PathBuf,
}

/// Mount point of the CPU controller.
#[derive(Debug, PartialEq)]
enum Controller {
    V1(PathBuf),
    V2(PathBuf),
}

impl Cgroup {
    /// Makes a group that may use `millicores` thousandths of a core. Needs root.
    pub fn with_cpu_limit(millicores: u32) -> Self {
        let mounts = fs::read_to_string("/proc/mounts").expect("/proc/mounts");
        let controller = Controller::find(&mounts).expect("a cgroup file system with CPU limits");
        let (Controller::V1(root) | Controller::V2(root)) = &controller;
        if matches!(controller, Controller::V2(_)) {
            write(root, "cgroup.subtree_control", "+cpu");
        }
        let folder = root.join(format!("maintenance-filter-{}", std::process::id()));
        fs::create_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let group = Self { folder };
        let quota = PERIOD_US / 1000 * millicores;
        match controller {
            Controller::V1(_) => {
                write(&group.folder, "cpu.cfs_period_us", &PERIOD_US.to_string());
                write(&group.folder, "cpu.cfs_quota_us", &quota.to_string());
            }
            Controller::V2(_) => write(&group.folder, "cpu.max", &format!("{quota} {PERIOD_US}")),
        }
        group
    }

    /// Moves a process with all its threads into the group.
    pub fn add(&self, process: u32) {
        write(&self.folder, "cgroup.procs", &process.to_string());
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // A process that has just ended may still be counted.
        for _ in 0..100 {
            if fs::remove_dir(&self.folder).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        eprintln!("{} is left over", self.folder.display());
    }
}

impl Controller {
    /// Finds the controller in the text of `/proc/mounts`. Where version 1 and 2
    /// are both mounted, version 1 has the controller.
    fn find(mounts: &str) -> Option<Self> {
        let mut unified = None;
        for line in mounts.lines() {
            let fields: Vec<_> = line.split(' ').collect();
            match fields[..] {
                [_, root, "cgroup", options, ..] if options.split(',').any(|it| it == "cpu") => {
                    return Some(Self::V1(root.into()));
                }
                [_, root, "cgroup2", ..] => unified = Some(Self::V2(root.into())),
                _ => {}
            }
        }
        unified
    }
}

fn write(folder: &Path, file: &str, text: &str) {
    let file = folder.join(file);
    fs::write(&file, text).unwrap_or_else(|error| panic!("{text} to {}: {error}", file.display()));
}

#[cfg(test)]
mod tests {
    use super::Controller;

    #[test]
    fn the_controller_is_found_in_either_version() {
        let unified = "cgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0\n";
        assert_eq!(Controller::find(unified), Some(Controller::V2("/sys/fs/cgroup".into())));
        let hybrid = "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n\
                      cgroup /sys/fs/cgroup/cpuset cgroup rw,cpuset 0 0\n\
                      cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\n";
        let folder = "/sys/fs/cgroup/cpu,cpuacct".into();
        assert_eq!(Controller::find(hybrid), Some(Controller::V1(folder)));
        assert_eq!(Controller::find("proc /proc proc rw 0 0\n"), None);
    }
}
