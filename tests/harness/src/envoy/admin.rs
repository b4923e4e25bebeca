//! Envoy's admin interface.

use std::net::SocketAddr;

use crate::client;

/// An admin interface on loopback.
#[derive(Clone, Debug)]
pub struct Admin {
    address: SocketAddr,
}

/// How many configurations of the plugin Envoy has dealt with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Updates {
    /// Configurations that every worker has taken up.
    pub accepted: u64,
    /// Configurations that the plugin refused.
    pub refused: u64,
}

impl Admin {
    /// The admin interface at `address`.
    #[must_use]
    pub fn at(address: SocketAddr) -> Self {
        Self { address }
    }

    /// What `GET path` says.
    pub async fn text(&self, path: &str) -> String {
        let answer = client::get(self.address, path).await;
        String::from_utf8(answer.body.to_vec()).expect("text")
    }

    /// The value of the statistic with exactly this name; `None` where there is none yet.
    pub async fn stat(&self, name: &str) -> Option<u64> {
        let all = self.text(&format!("/stats?filter=^{name}$")).await;
        all.lines().find_map(|line| line.rsplit_once(": ")?.1.parse().ok())
    }

    /// The value of a metric of the plugin; `None` while no plugin defines it.
    pub async fn metric(&self, name: &str) -> Option<u64> {
        self.stat(&format!("wasmcustom.{name}")).await
    }

    /// How the updates of the plugin's configuration went.
    pub async fn updates(&self) -> Updates {
        let all = self.text("/stats?filter=extension_config_discovery").await;
        let sum = |name: &str| {
            let named = all.lines().filter(|line| line.contains(name));
            named.filter_map(|line| line.rsplit_once(": ")?.1.parse::<u64>().ok()).sum()
        };
        Updates { accepted: sum(".config_reload:"), refused: sum(".config_fail:") }
    }

    /// How many times a listener was changed.
    pub async fn listener_updates(&self) -> u64 {
        let in_place = self.stat("listener_manager.listener_in_place_updated").await;
        let modified = self.stat("listener_manager.listener_modified").await;
        in_place.unwrap_or_default() + modified.unwrap_or_default()
    }

    /// Where the listener called `proxy` takes connections, once it does.
    pub(super) async fn listener(&self) -> Option<SocketAddr> {
        let listeners = self.text("/listeners").await;
        let proxy = listeners.lines().find_map(|line| line.strip_prefix("proxy::"));
        proxy?.parse().ok()
    }
}
