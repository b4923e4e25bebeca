//! Control plane without a cluster: etcd, kube-apiserver and istiod on loopback.

use crate::api::Api;
use crate::istiod::Istiod;
use crate::kubectl::Kubectl;
use crate::tools::Tools;

/// Running Kubernetes API, and an istiod that serves its configuration.
pub struct ControlPlane {
    istiod: Istiod,
    api: Api,
    tools: Tools,
}

impl ControlPlane {
    /// Starts the API and istiod and waits until they serve.
    pub async fn start(tools: Tools) -> Self {
        let api = Api::start(&tools).await;
        api.kubectl().run(&["create", "namespace", "istio-system"]);
        // Service account that `istioctl` uses to authenticate to istiod.
        api.kubectl().run(&["create", "serviceaccount", "default", "-n", "istio-system"]);
        let istiod = Istiod::start(&tools, api.kubectl()).await;
        Self { istiod, api, tools }
    }

    pub fn tools(&self) -> &Tools {
        &self.tools
    }

    pub fn kubectl(&self) -> &Kubectl {
        self.api.kubectl()
    }

    pub fn api_mut(&mut self) -> &mut Api {
        &mut self.api
    }

    pub fn istiod(&self) -> &Istiod {
        &self.istiod
    }

    pub fn istiod_mut(&mut self) -> &mut Istiod {
        &mut self.istiod
    }
}
