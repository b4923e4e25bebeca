//! Identity of a proxy, and the credentials of its service account.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::kubectl::Kubectl;

/// Environment variable that makes Envoy count retries. Istio turns most statistics
/// of Envoy off.
pub const RETRY_STATISTICS: (&str, &str) = (
    "ISTIO_METAJSON_STATISTICS",
    r#"{"ANNOTATIONS": {"sidecar.istio.io/statsInclusionSuffixes": "upstream_rq_retry"}}"#,
);

/// Identity and settings of a proxy.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Pod name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Proxy type: `sidecar`, `router` for a gateway, or `waypoint`.
    pub role: &'static str,
    /// Pod labels.
    pub labels: Value,
    /// Additional environment variables of the agent.
    pub environment: Vec<(&'static str, &'static str)>,
    /// Seconds for which a replaced listener drains. Istio's default is 45.
    pub drain_seconds: u32,
}

/// Files that the kubelet would mount for a service account.
#[derive(Clone, Debug)]
pub struct Credentials {
    token: String,
    root_certificate: String,
}

impl Credentials {
    /// Fetches the credentials of the default service account of a namespace.
    pub fn fetch(kubectl: &Kubectl, namespace: &str) -> Self {
        let token = ["create", "token", "default", "-n", namespace, "--audience", "istio-ca"];
        let path = "jsonpath={.data.root-cert\\.pem}";
        let root = ["get", "configmap", "istio-ca-root-cert", "-n", namespace, "-o", path];
        Self { token: kubectl.run(&token).trim().into(), root_certificate: kubectl.run(&root) }
    }

    /// Writes the files to where the agent expects them below its working folder.
    pub(super) fn write(&self, folder: &Path) {
        let secrets = folder.join("var/run/secrets");
        fs::create_dir_all(secrets.join("tokens")).expect("a folder");
        fs::create_dir_all(secrets.join("istio")).expect("a folder");
        fs::write(secrets.join("tokens/istio-token"), &self.token).expect("the token");
        fs::write(secrets.join("istio/root-cert.pem"), &self.root_certificate)
            .expect("the certificate");
    }
}
