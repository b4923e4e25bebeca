//! The programs under test, as `scripts/istio-tools` leaves them.

use std::path::PathBuf;

use harness::envoy;

/// The folder with the control plane's programs and files.
#[derive(Clone, Debug)]
pub struct Tools(PathBuf);

impl Tools {
    /// Looks for everything that the suite needs.
    ///
    /// # Errors
    /// What is missing.
    pub fn find() -> Result<Self, String> {
        let folder = std::env::var_os("ISTIO_TOOLS").ok_or("ISTIO_TOOLS is not set")?;
        let tools = Self(folder.into());
        let programs =
            ["etcd", "kube-apiserver", "kubectl", "pilot-discovery", "pilot-agent", "istioctl"];
        let files = ["istio-crds.yaml", "gateway-crds.yaml", "envoy_bootstrap.json"];
        let needed = programs.iter().chain(&files).map(|name| tools.path(name));
        match needed.chain([envoy::binary(), harness::plugin_wasm()]).find(|path| !path.exists()) {
            Some(missing) => Err(format!("{} does not exist", missing.display())),
            None => Ok(tools),
        }
    }

    /// A program or file of the control plane.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}
