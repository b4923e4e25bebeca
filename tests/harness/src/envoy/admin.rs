//! Client of Envoy's admin interface.

use std::net::SocketAddr;

use crate::client::{self, Http};

/// Admin interface on loopback.
#[derive(Clone, Debug)]
pub struct Admin {
    address: SocketAddr,
}

/// Number of plugin configurations that Envoy has processed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Updates {
    /// Configurations that every worker has applied.
    pub accepted: u64,
    /// Configurations that the plugin rejected.
    pub refused: u64,
}

impl Admin {
    /// Admin interface at `address`.
    #[must_use]
    pub fn at(address: SocketAddr) -> Self {
        Self { address }
    }

    /// Address of the interface.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Response body of `GET path`.
    pub async fn text(&self, path: &str) -> String {
        let answer = client::get(self.address, path).await;
        String::from_utf8(answer.body.to_vec()).expect("text")
    }

    /// Sets the log level of one of Envoy's components.
    pub async fn set_log_level(&self, component: &str, level: &str) {
        let request = client::request("POST", &format!("/logging?{component}={level}"));
        let answer = client::send(self.address, Http::One, request).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// Value of the statistic with exactly this name; `None` if it does not exist.
    pub async fn stat(&self, name: &str) -> Option<u64> {
        let all = self.text(&format!("/stats?filter=^{name}$")).await;
        all.lines().find_map(|line| line.rsplit_once(": ")?.1.parse().ok())
    }

    /// Value of a metric of the plugin; `None` while no plugin defines it.
    pub async fn metric(&self, name: &str) -> Option<u64> {
        self.stat(&format!("wasmcustom.{name}")).await
    }

    /// Counts of accepted and rejected updates of the plugin configuration.
    pub async fn updates(&self) -> Updates {
        let all = self.text("/stats?filter=extension_config_discovery").await;
        let sum = |name: &str| {
            let lines = all.lines().filter(|line| line.contains(name));
            lines.filter_map(|line| line.rsplit_once(": ")?.1.parse::<u64>().ok()).sum()
        };
        Updates { accepted: sum(".config_reload:"), refused: sum(".config_fail:") }
    }

    /// Number of listener updates that were applied.
    pub async fn listener_updates(&self) -> u64 {
        let in_place = self.stat("listener_manager.listener_in_place_updated").await;
        let modified = self.stat("listener_manager.listener_modified").await;
        in_place.unwrap_or_default() + modified.unwrap_or_default()
    }

    /// Address of the listener named `proxy`; `None` until it is listening.
    pub(super) async fn listener_address(&self) -> Option<SocketAddr> {
        let listeners = self.text("/listeners").await;
        let proxy = listeners.lines().find_map(|line| line.strip_prefix("proxy::"));
        proxy?.parse().ok()
    }
}
