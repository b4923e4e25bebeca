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
/// Options in `/proc/mounts` that are not the name of a controller.
const MOUNT_OPTIONS: [&str; 6] = ["rw", "ro", "relatime", "nosuid", "nodev", "noexec"];

/// Mounted hierarchy of control groups.
struct Hierarchy {
    folder: PathBuf,
    /// Controllers of a hierarchy of version 1; `None` for version 2.
    controllers: Option<String>,
}

/// Control groups of one run.
pub struct ControlGroups(Vec<PathBuf>);

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
        let mut groups = Self(Vec::new());
        for hierarchy in hierarchies {
            let parent = parent_group(&hierarchy);
            if hierarchy.controllers.is_none() {
                enable_controllers(&parent)?;
            }
            let group = parent.join(format!("{NAME}-{}", std::process::id()));
            if let Err(error) = make_group(&group, &parent) {
                groups.remove();
                let group = group.display();
                return Err(format!("a node needs control groups: cannot make {group}: {error}"));
            }
            groups.0.push(group);
        }
        Ok(groups)
    }

    /// Folders of the groups.
    pub fn folders(&self) -> &[PathBuf] {
        &self.0
    }

    /// Removes the groups and all groups in them, once their processes have ended.
    pub fn remove(&self) {
        let deadline = Instant::now() + REMOVE_TIMEOUT;
        for group in &self.0 {
            while group.exists() {
                remove_tree(group);
                if Instant::now() > deadline {
                    eprintln!("cannot remove the control group {}", group.display());
                    break;
                }
                thread::sleep(POLL_INTERVAL);
            }
        }
    }
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
            delegate_controllers(&hierarchy.folder)?;
        }
    }
    Ok(())
}

/// Moves this process into a group of its own and enables the controllers for the
/// other groups. A group of version 2 with processes cannot give controllers away.
fn delegate_controllers(root: &Path) -> Result<(), String> {
    let own = root.join("init");
    fs::create_dir(&own)
        .and_then(|()| fs::write(own.join("cgroup.procs"), std::process::id().to_string()))
        .map_err(|error| format!("{}: {error}", own.display()))?;
    enable_controllers(root)
}

/// Gives all available controllers of a group of version 2 to the groups in it. With
/// both versions mounted, version 2 usually has none.
fn enable_controllers(group: &Path) -> Result<(), String> {
    let names = |file: &str| fs::read_to_string(group.join(file)).unwrap_or_default();
    let (available, enabled) = (names("cgroup.controllers"), names("cgroup.subtree_control"));
    let is_missing = |name: &&str| !enabled.split_whitespace().any(|other| other == *name);
    let missing = available.split_whitespace().filter(is_missing);
    let change: Vec<String> = missing.map(|name| format!("+{name}")).collect();
    if change.is_empty() {
        return Ok(());
    }
    let file = group.join("cgroup.subtree_control");
    let change = change.join(" ");
    fs::write(&file, &change)
        .map_err(|e| format!("cannot write {change} to {}: {e}", file.display()))
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
