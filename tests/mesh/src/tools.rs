//! Programs of the control plane and Envoy, as installed by `scripts/get-istio.sh`,
//! `scripts/get-kubernetes.sh` and `scripts/get-envoy.sh`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Paths of the control plane's programs and files, and of Envoy.
#[derive(Clone, Debug)]
pub struct Tools {
    folder: PathBuf,
    /// Folder with the [`KUBERNETES`] programs of another release.
    kubernetes: Option<PathBuf>,
    envoy: PathBuf,
}

/// Programs of Kubernetes.
const KUBERNETES: [&str; 2] = ["kube-apiserver", "kubectl"];

impl Tools {
    /// Finds every program and file that the suite needs.
    ///
    /// # Errors
    /// Names the first missing environment variable or file.
    pub fn find() -> Result<Self, String> {
        let path_from =
            |name| env::var_os(name).map(PathBuf::from).ok_or(format!("{name} is not set"));
        let tools = Self {
            folder: path_from("ISTIO_TOOLS")?,
            kubernetes: path_from("KUBERNETES_TOOLS").ok().filter(|path| path.is_absolute()),
            envoy: path_from("ENVOY")?,
        };
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

    /// Names the versions of the programs, for the output of a suite.
    pub fn versions(&self) -> String {
        let output = |program: &Path, arguments: &[&str]| {
            let output = Command::new(program).args(arguments).output().expect("a program runs");
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        };
        let last_word = |text: &str| text.rsplit(' ').next().unwrap_or_default().to_owned();
        let istio = output(&self.path("pilot-discovery"), &["version", "--short"]);
        let kubernetes = output(&self.path("kube-apiserver"), &["--version"]);
        let envoy = output(&self.envoy, &["--version"]);
        format!(
            "Istio {}, Kubernetes {}, Envoy {} (a release of Envoy, not the build in Istio's images)",
            last_word(&istio),
            last_word(&kubernetes),
            envoy.split('/').rev().nth(3).unwrap_or(&envoy),
        )
    }

    /// Path of a program or file of the control plane.
    pub fn path(&self, name: &str) -> PathBuf {
        let other = self.kubernetes.as_ref().filter(|_| KUBERNETES.contains(&name));
        other.unwrap_or(&self.folder).join(name)
    }

    /// Path of the Envoy binary that agents start.
    pub fn envoy(&self) -> &Path {
        &self.envoy
    }
}
