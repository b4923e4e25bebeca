//! Programs of the control plane and Envoy, as installed by `scripts/get-istio.sh`
//! and `scripts/get-envoy.sh`.

use std::env;
use std::path::{Path, PathBuf};

/// Paths of the control plane's programs and files, and of Envoy.
#[derive(Clone, Debug)]
pub struct Tools {
    folder: PathBuf,
    envoy: PathBuf,
}

impl Tools {
    /// Finds every program and file that the suite needs.
    ///
    /// # Errors
    /// Names the first missing environment variable or file.
    pub fn find() -> Result<Self, String> {
        let path_from =
            |name| env::var_os(name).map(PathBuf::from).ok_or(format!("{name} is not set"));
        let tools = Self { folder: path_from("ISTIO_TOOLS")?, envoy: path_from("ENVOY")? };
        let programs = [
            "etcd",
            "kube-apiserver",
            "kubectl",
            "pilot-discovery",
            "pilot-agent",
            "istioctl",
            "kubelet",
        ];
        let files = [
            "istio-crds.yaml",
            "gateway-crds.yaml",
            "envoy-gateway-crds.yaml",
            "envoy_bootstrap.json",
        ];
        let paths = programs.iter().chain(&files).map(|name| tools.path(name));
        match paths.chain([tools.envoy.clone()]).find(|path| !path.exists()) {
            Some(missing) => Err(format!("{} does not exist", missing.display())),
            None => Ok(tools),
        }
    }

    /// Path of a program or file of the control plane.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Path of the Envoy binary that agents start.
    pub fn envoy(&self) -> &Path {
        &self.envoy
    }
}
