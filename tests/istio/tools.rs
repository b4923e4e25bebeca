//! The programs under test, as `scripts/get-istio.sh` and `get-envoy.sh` leave them.

use std::env;
use std::path::{Path, PathBuf};

/// Where the control plane's programs and files are, and Envoy.
#[derive(Clone, Debug)]
pub struct Tools {
    folder: PathBuf,
    envoy: PathBuf,
}

impl Tools {
    /// Looks for everything that the suite needs.
    ///
    /// # Errors
    /// What is missing.
    pub fn find() -> Result<Self, String> {
        let set = |name| env::var_os(name).map(PathBuf::from).ok_or(format!("{name} is not set"));
        let tools = Self { folder: set("ISTIO_TOOLS")?, envoy: set("ENVOY")? };
        let programs =
            ["etcd", "kube-apiserver", "kubectl", "pilot-discovery", "pilot-agent", "istioctl"];
        let files = [
            "istio-crds.yaml",
            "gateway-crds.yaml",
            "envoy-gateway-crds.yaml",
            "envoy_bootstrap.json",
        ];
        let needed = programs.iter().chain(&files).map(|name| tools.path(name));
        match needed.chain([tools.envoy.clone()]).find(|path| !path.exists()) {
            Some(missing) => Err(format!("{} does not exist", missing.display())),
            None => Ok(tools),
        }
    }

    /// A program or file of the control plane.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The Envoy that agents start.
    pub fn envoy(&self) -> &Path {
        &self.envoy
    }
}
