//! What most cases share: one control plane and one registry.

use std::sync::RwLock;

use crate::control_plane::ControlPlane;
use crate::registry::Registry;
use crate::tools::Tools;

/// A control plane, and a registry that holds the module.
pub struct Mesh {
    pub plane: ControlPlane,
    pub registry: Registry,
    /// Held alone by cases that measure times, together by all others.
    pub quiet: RwLock<()>,
}

impl Mesh {
    /// Starts both.
    pub async fn start(tools: &Tools) -> Self {
        let (plane, registry) = tokio::join!(ControlPlane::start(tools.clone()), Registry::start());
        Self { plane, registry, quiet: RwLock::default() }
    }

    /// Another one like it, for a case that disturbs it.
    pub async fn another(&self) -> Self {
        Self::start(self.plane.tools()).await
    }
}
