//! Pods of the application.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use harness::client::{Client, Http, request};
use serde_json::Value;

/// Pod of the application.
#[derive(Clone, Debug)]
pub struct Pod {
    pub name: String,
    pub address: IpAddr,
    pub is_ready: bool,
    pub restarts: u64,
    /// Reason why the container of the application waits, such as `CrashLoopBackOff`.
    pub waiting: String,
}

impl Pod {
    /// Reads a pod. Returns `None` if it has no address yet.
    pub fn read(value: &Value) -> Option<Self> {
        let status = &value["status"];
        let conditions = status["conditions"].as_array()?;
        let is_ready = conditions.iter().any(|c| c["type"] == "Ready" && c["status"] == "True");
        let container =
            status["containerStatuses"].as_array()?.iter().find(|c| c["name"] == "shop")?;
        Some(Self {
            name: value["metadata"]["name"].as_str()?.into(),
            address: status["podIP"].as_str()?.parse().ok()?,
            is_ready,
            restarts: container["restartCount"].as_u64()?,
            waiting: container["state"]["waiting"]["reason"].as_str().unwrap_or_default().into(),
        })
    }

    /// Requests that the pod has received; `None` if it does not reply.
    pub async fn received(&self) -> Option<BTreeMap<String, u64>> {
        let address = SocketAddr::new(self.address, 9090);
        let mut client = Client::connect(address, Http::One).await.ok()?;
        let answer = client.send(request("GET", "/")).await.ok()?;
        serde_json::from_slice(&answer.body).ok()
    }
}
