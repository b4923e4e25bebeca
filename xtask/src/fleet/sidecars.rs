//! Sidecars of one namespace. Each is the only one of its workload and has an agent,
//! an Envoy and ports of its own. All share one application.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream;
use harness::port;
use harness::wait::eventually;
use mesh::control_plane::ControlPlane;
use mesh::proxy::{Credentials, Identity, Proxy};
use mesh::service::Service;
use serde_json::json;

/// Sidecars that start at a time.
const STARTED_AT_ONCE: usize = 4;
/// Sidecars that stop at a time.
const STOPPED_AT_ONCE: usize = 20;
/// Istio's default for the seconds for which a replaced listener drains.
const LONGEST_DRAIN: u32 = 45;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(60);
const INSTALL_TIMEOUT: Duration = Duration::from_secs(120);

/// Running sidecars. Dropping the value stops all of them.
pub struct Fleet {
    pub sidecars: Vec<Sidecar>,
    /// Seconds for which a replaced listener drains.
    drain_seconds: u32,
}

/// Workload's sidecar.
pub struct Sidecar {
    /// Name by which istiod logs the proxy.
    pub node: String,
    /// Address that callers connect to.
    pub address: SocketAddr,
    pub proxy: Proxy,
    /// Process identifier of the proxy's Envoy.
    pub envoy: u32,
}

impl Fleet {
    /// Fleet without sidecars that will have up to `largest`.
    ///
    /// A run has to wait for the end of a drain once at each size, so a small fleet has
    /// a short one. The time to compile the module counts: it blocks Envoy's main
    /// thread, whose timers count from before. Envoy closes the connections of a
    /// listener that drains for a shorter time at once, and requests are lost.
    pub fn new(largest: usize) -> Self {
        let seconds = u32::try_from(10 + largest / 5).unwrap_or(LONGEST_DRAIN);
        Self { sidecars: Vec::new(), drain_seconds: seconds.min(LONGEST_DRAIN) }
    }

    /// Starts sidecars until there are `size`, and prints how far it is.
    pub async fn grow(&mut self, plane: &ControlPlane, service: &Service, size: usize) {
        let begin = Instant::now();
        let address = || SocketAddr::from(([127, 0, 0, 1], port()));
        let workloads: Vec<_> = (self.sidecars.len()..size)
            .map(|number| (format!("w{number}"), address(), address()))
            .collect();
        let manifests: Vec<_> = workloads
            .iter()
            .map(|(name, inbound, outbound)| {
                service.listeners_manifest(Some(name), *inbound, *outbound)
            })
            .collect();
        if manifests.is_empty() {
            return;
        }
        service.kubectl.apply(&manifests.join("\n---\n"));
        let credentials = Credentials::fetch(plane.kubectl(), &service.namespace);
        let identities = workloads
            .into_iter()
            .map(|(name, inbound, _)| (self.identity(&service.namespace, name), inbound));
        let identities: Vec<_> = identities.collect();
        let started = stream::iter(identities)
            .map(|(identity, inbound)| start(plane, &credentials, identity, inbound));
        let mut started = started.buffer_unordered(STARTED_AT_ONCE);
        while let Some(sidecar) = started.next().await {
            self.sidecars.push(sidecar);
            let count = self.sidecars.len();
            if count.is_multiple_of(10) || count == size {
                eprintln!("{count} of {size} sidecars are ready, {} s", begin.elapsed().as_secs());
            }
        }
    }

    fn identity(&self, namespace: &str, workload: String) -> Identity {
        Identity {
            labels: json!({"app": "shop", "workload": workload}),
            name: workload,
            namespace: namespace.into(),
            role: "sidecar",
            environment: Vec::new(),
            drain_seconds: self.drain_seconds,
        }
    }

    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.sidecars.iter().map(|sidecar| sidecar.address).collect()
    }

    /// Waits until every listener has filters of a plugin, or none of them has.
    pub async fn until_installed(&self, plugin: &str, installed: bool) {
        for Sidecar { proxy, address, .. } in &self.sidecars {
            let is_installed = async || {
                let filters = proxy.filters(address.port()).await;
                let found = filters.iter().any(|filter| filter.contains(plugin));
                (found == installed).then_some(())
            };
            let expected = if installed { "has the filter" } else { "is without the filter" };
            eventually(&format!("every listener {expected}"), INSTALL_TIMEOUT, is_installed).await;
        }
    }

    /// Waits until every Envoy has removed the listeners that were replaced, and with
    /// them modules that no other listener uses.
    pub async fn until_drained(&self) {
        for Sidecar { proxy, .. } in &self.sidecars {
            let is_drained = async || (!proxy.is_draining().await).then_some(());
            eventually("replaced listeners are removed", DRAIN_TIMEOUT, is_drained).await;
        }
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let mut sidecars: Vec<_> = self.sidecars.drain(..).collect();
        while !sidecars.is_empty() {
            let batch = sidecars.split_off(sidecars.len().saturating_sub(STOPPED_AT_ONCE));
            thread::scope(|scope| {
                for sidecar in batch {
                    scope.spawn(move || drop(sidecar));
                }
            });
        }
    }
}

async fn start(
    plane: &ControlPlane,
    credentials: &Credentials,
    identity: Identity,
    address: SocketAddr,
) -> Sidecar {
    let proxy = Proxy::launch_with(plane, &identity, credentials);
    proxy.wait_until_ready().await;
    let envoy = proxy.envoy_id().and_then(|process| u32::try_from(process).ok()).expect("an Envoy");
    Sidecar { node: format!("{}.{}", identity.name, identity.namespace), address, proxy, envoy }
}
