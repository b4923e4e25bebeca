//! Cluster that all cases share: the node, Istio, the registry of the module, and
//! the callers.

use std::net::Ipv4Addr;
use std::sync::RwLock;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::callers;
use crate::istio;
use crate::namespaces::NODE_ADDRESS;
use crate::node::{Node, progress};
use crate::programs::Programs;
use mesh::kubectl::Kubectl;
use mesh::registry::Registry;

/// Deadline for a change to reach a proxy.
pub const CHANGE_TIMEOUT: Duration = Duration::from_secs(30);
/// Deadline for a pod to become ready or to end.
pub const POD_TIMEOUT: Duration = Duration::from_secs(120);

/// Running cluster.
pub struct Cluster {
    pub node: Node,
    /// Registry of the module, on the node.
    pub registry: Mutex<Registry>,
    /// Address of the module in the registry.
    pub image: String,
    /// Lock that a case takes exclusively if it needs the whole cluster.
    pub exclusive: RwLock<()>,
}

impl Cluster {
    /// Starts the node, installs Istio, and makes the callers.
    pub async fn start(programs: &Programs) -> Self {
        let started = Instant::now();
        eprintln!("starting a node with containerd, a kubelet and Istio");
        let node = Node::start(programs).await;
        let registry = Registry::start_at(Ipv4Addr::from(NODE_ADDRESS)).await;
        istio::install(&node).await;
        progress(started, "Istio is installed");
        let image = registry.image();
        callers::make(node.kubectl());
        progress(started, "the callers are ready");
        Self { node, registry: Mutex::new(registry), image, exclusive: RwLock::default() }
    }

    pub fn kubectl(&self) -> &Kubectl {
        self.node.kubectl()
    }
}
