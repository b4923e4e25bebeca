//! Control groups of the suite, one in each mounted hierarchy. All control groups of
//! the node and its pods are inside them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::namespaces::run;

const NAME: &str = "maintenance-node";
const REMOVE_TIMEOUT: Duration = Duration::from_secs(20);
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// Name of the group of the first processes in a group of version 2.
const LEAF: &str = "init";
/// Controllers that the kubelet uses. With both versions mounted, version 2 has few of
/// them or none.
const CONTROLLERS: [&str; 5] = ["cpu", "cpuset", "memory", "pids", "hugetlb"];
/// Options in `/proc/mounts` that are not the name of a controller.
const MOUNT_OPTIONS: [&str; 6] = ["rw", "ro", "relatime", "nosuid", "nodev", "noexec"];

/// Mounted hierarchy of control groups.
struct Hierarchy {
    folder: PathBuf,
    /// Controllers of a hierarchy of version 1; `None` for version 2.
    controllers: Option<String>,
}

/// Control groups of one run.
#[derive(Default)]
pub struct ControlGroups {
    groups: Vec<PathBuf>,
    /// Groups of version 2 for the first processes. A group with processes cannot give
    /// controllers to the groups in it.
    leaves: Vec<PathBuf>,
    /// Group whose controllers were enabled for the groups in it.
    changed: Option<(PathBuf, Vec<String>)>,
}

impl ControlGroups {
    /// Creates a control group in each hierarchy.
    ///
    /// # Errors
    /// Names the folder that cannot be made.
    pub fn create() -> Result<Self, String> {
        let hierarchies = hierarchies();
        if hierarchies.is_empty() {
            return Err("a node needs control groups, and none are mounted".into());
        }
        let mut groups = Self::default();
        for hierarchy in hierarchies {
            let parent = parent_group(&hierarchy);
            let group = parent.join(format!("{NAME}-{}", std::process::id()));
            groups.groups.push(group.clone());
            if let Err(error) = groups.make(&hierarchy, &group, &parent) {
                groups.remove();
                let group = group.display();
                return Err(format!("a node needs control groups: cannot make {group}: {error}"));
            }
        }
        Ok(groups)
    }

    fn make(&mut self, hierarchy: &Hierarchy, group: &Path, parent: &Path) -> Result<(), String> {
        make_group(group, parent).map_err(|error| error.to_string())?;
        if hierarchy.controllers.is_none() {
            let leaf = group.join(LEAF);
            fs::create_dir(&leaf).map_err(|error| error.to_string())?;
            self.leaves.push(leaf);
            self.changed = Some((parent.to_owned(), enable_controllers(parent)?));
        }
        Ok(())
    }

    /// Groups that become the roots of a control group namespace.
    pub fn roots(&self) -> &[PathBuf] {
        &self.groups
    }

    /// Groups inside the roots for the first processes.
    pub fn leaves(&self) -> &[PathBuf] {
        &self.leaves
    }

    /// Removes the groups and all groups in them, once their processes have ended.
    pub fn remove(&self) {
        let deadline = Instant::now() + REMOVE_TIMEOUT;
        for group in &self.groups {
            while group.exists() {
                remove_tree(group);
                if Instant::now() > deadline {
                    eprintln!("cannot remove the control group {}", group.display());
                    break;
                }
                thread::sleep(POLL_INTERVAL);
            }
        }
        if let Some((group, controllers)) = &self.changed {
            // Fails while another run of the suite uses them.
            let _ = change_controllers(group, '-', controllers);
        }
    }
}

/// Version of the control groups that the kubelet uses on this machine.
pub fn version() -> u8 {
    let is_version_1 = hierarchies().iter().any(|hierarchy| {
        hierarchy
            .controllers
            .as_deref()
            .is_some_and(|names| names.split(',').any(|n| n == "memory"))
    });
    if is_version_1 { 1 } else { 2 }
}

/// Mounts the hierarchies again, so that they show the groups of this run as roots.
///
/// # Errors
/// Returns the output of the first `mount` that fails.
pub fn mount() -> Result<(), String> {
    for hierarchy in hierarchies() {
        run(Command::new("umount").arg("--lazy").arg(&hierarchy.folder))?;
        let mut command = Command::new("mount");
        match &hierarchy.controllers {
            Some(controllers) => command.args(["-t", "cgroup", "-o", controllers, "cgroup"]),
            None => command.args(["-t", "cgroup2", "cgroup2"]),
        };
        run(command.arg(&hierarchy.folder))?;
        if hierarchy.controllers.is_none() {
            enable_controllers(&hierarchy.folder)?;
        }
    }
    Ok(())
}

/// Gives controllers of a group of version 2 to the groups in it. Returns those that
/// it did not give before.
fn enable_controllers(group: &Path) -> Result<Vec<String>, String> {
    let names = |file: &str| fs::read_to_string(group.join(file)).unwrap_or_default();
    let (available, enabled) = (names("cgroup.controllers"), names("cgroup.subtree_control"));
    let has = |list: &str, name: &str| list.split_whitespace().any(|other| other == name);
    let missing: Vec<String> = CONTROLLERS
        .iter()
        .filter(|name| has(&available, name) && !has(&enabled, name))
        .map(ToString::to_string)
        .collect();
    change_controllers(group, '+', &missing).map(|()| missing)
}

fn change_controllers(group: &Path, sign: char, names: &[String]) -> Result<(), String> {
    if names.is_empty() {
        return Ok(());
    }
    let change: Vec<String> = names.iter().map(|name| format!("{sign}{name}")).collect();
    let (file, change) = (group.join("cgroup.subtree_control"), change.join(" "));
    fs::write(&file, &change)
        .map_err(|error| format!("cannot write {change} to {}: {error}", file.display()))
}

/// Hierarchies that are mounted.
fn hierarchies() -> Vec<Hierarchy> {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let hierarchy = |line: &str| {
        let mut fields = line.split(' ').skip(1);
        let folder = PathBuf::from(fields.next()?);
        let controllers = match fields.next()? {
            "cgroup" => {
                let options = fields.next()?.split(',');
                Some(options.filter(|o| !MOUNT_OPTIONS.contains(o)).collect::<Vec<_>>().join(","))
            }
            "cgroup2" => None,
            _ => return None,
        };
        Some(Hierarchy { folder, controllers })
    };
    mounts.lines().filter_map(hierarchy).collect()
}

/// Group in which the group of a run is made: for version 1 the group of this
/// process, whose limits then hold for the node too. For version 2 the root of the
/// hierarchy, because other groups with processes cannot give controllers away.
fn parent_group(hierarchy: &Hierarchy) -> PathBuf {
    let Some(controllers) = &hierarchy.controllers else { return hierarchy.folder.clone() };
    let own_groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let own_group = own_groups.lines().find_map(|line| {
        let (names, path) = line.split_once(':')?.1.split_once(':')?;
        (names == controllers).then(|| hierarchy.folder.join(path.trim_start_matches('/')))
    });
    own_group.filter(|group| group.exists()).unwrap_or(hierarchy.folder.clone())
}

fn make_group(group: &Path, parent: &Path) -> std::io::Result<()> {
    fs::create_dir(group)?;
    // A group of the controller cpuset accepts no process before these are set.
    for file in ["cpuset.cpus", "cpuset.mems"] {
        let (from, to) = (parent.join(file), group.join(file));
        if from.exists() && to.exists() {
            fs::write(to, fs::read(from)?)?;
        }
    }
    Ok(())
}

/// Removes a group and all groups in it, as far as they have no processes.
fn remove_tree(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            remove_tree(&entry.path());
        }
    }
    let _ = fs::remove_dir(group);
}
