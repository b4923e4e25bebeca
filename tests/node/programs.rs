//! Programs of the node, as built by `scripts/get-node.sh`, and those of Istio.

use std::env;
use std::path::PathBuf;

use mesh::tools::Tools;

const NAMES: [&str; 6] =
    ["kubelet", "kube-controller-manager", "kube-scheduler", "kube-proxy", "coredns", "app"];

/// Paths of all programs.
#[derive(Clone, Debug)]
pub struct Programs {
    istio: Tools,
    folder: PathBuf,
}

impl Programs {
    /// Finds every program.
    ///
    /// # Errors
    /// Names the first missing environment variable or file.
    pub fn find() -> Result<Self, String> {
        let folder = env::var_os("NODE_TOOLS").ok_or("NODE_TOOLS is not set")?;
        let programs = Self { istio: Tools::find()?, folder: folder.into() };
        match NAMES.map(|name| programs.node(name)).iter().find(|path| !path.exists()) {
            Some(missing) => Err(format!("{} does not exist", missing.display())),
            None => Ok(programs),
        }
    }

    /// Programs of Istio and of the Kubernetes API.
    pub fn istio(&self) -> &Tools {
        &self.istio
    }

    /// Path of a program of the node.
    pub fn node(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}
