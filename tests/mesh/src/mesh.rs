//! Control plane and registry that most cases share.

use std::sync::RwLock;

use crate::control_plane::ControlPlane;
use crate::registry::Registry;
use crate::tools::Tools;

/// Running control plane, and a registry that holds the module.
pub struct Mesh {
    pub plane: ControlPlane,
    pub registry: Registry,
    /// Lock that cases that measure time take exclusively and all others share.
    pub timing: RwLock<()>,
}

impl Mesh {
    /// Starts the control plane and the registry.
    pub async fn start(tools: &Tools) -> Self {
        let (plane, registry) = tokio::join!(ControlPlane::start(tools.clone()), Registry::start());
        Self { plane, registry, timing: RwLock::default() }
    }

    /// Starts a second mesh, for a case that disturbs the control plane.
    pub async fn start_second(&self) -> Self {
        Self::start(self.plane.tools()).await
    }
}
