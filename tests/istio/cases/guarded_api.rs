//! API server with the admission policy.

use harness::wait::eventually;

use mesh::Mesh;
use mesh::api::Api;
use mesh::kubectl::Kubectl;
use mesh::service::CHANGE_TIMEOUT;
use mesh::shipped::Shipped;

/// Start of the policy's message in an error of `kubectl`.
pub const DENIED: &str = "denied request: ";
/// Fields of a plugin for the inbound listeners of sidecars.
pub const SIDECAR: &str = r#""match":[{"mode":"SERVER"}],"#;
/// Fields of a plugin for a gateway.
pub const GATEWAY: &str =
    r#""selector":{"matchLabels":{"istio":"edge"}},"match":[{"mode":"CLIENT"}],"#;

/// API server with the admission policy, and a namespace for test manifests.
pub struct GuardedApi {
    _api: Api,
    pub kubectl: Kubectl,
    pub shipped: Shipped,
}

impl GuardedApi {
    /// Starts the API server and waits until the policy is in force.
    pub async fn start(mesh: &Mesh) -> Self {
        let api = Api::start(mesh.plane.tools()).await;
        let shipped = Shipped::with_image(&mesh.registry.image());
        let kubectl = api.kubectl().clone();
        kubectl.run(&["create", "namespace", "shop"]);
        kubectl.run(&["apply", "-f", &shipped.folder("admission")]);
        let guarded = Self { _api: api, kubectl, shipped };
        let invalid = plugin("WasmPlugin", "early", "oci://x/maintenance-filter:1", r#"{"x":1}"#);
        let effective = async || guarded.try_apply(&invalid).is_err().then_some(());
        eventually("the policy is in force", CHANGE_TIMEOUT, effective).await;
        guarded
    }

    /// Creates a resource in the namespace `shop`, as a dry run.
    pub fn try_apply(&self, manifest: &str) -> Result<String, String> {
        self.try_apply_in("shop", manifest)
    }

    /// Creates a resource in a namespace, as a dry run.
    pub fn try_apply_in(&self, namespace: &str, manifest: &str) -> Result<String, String> {
        let create = ["create", "--dry-run=server", "-n", namespace, "-f", "-"];
        self.kubectl.try_run_with_input(&create, manifest)
    }

    /// Message of the policy for a manifest that it rejects.
    #[track_caller]
    pub fn refusal(&self, manifest: &str) -> String {
        self.refusal_in("shop", manifest)
    }

    /// Message of the policy for a manifest that it rejects in a namespace.
    #[track_caller]
    pub fn refusal_in(&self, namespace: &str, manifest: &str) -> String {
        message(&self.try_apply_in(namespace, manifest).expect_err(manifest))
    }
}

/// Message of the policy in an error of `kubectl`.
#[track_caller]
pub fn message(error: &str) -> String {
    let (_, message) = error.split_once(DENIED).expect(error);
    message.trim().into()
}

/// Manifest of a plugin.
pub fn plugin(kind: &str, name: &str, image: &str, config: &str) -> String {
    let wasm = format!(r#""url":"{image}","pluginConfig":{config}"#);
    let wasm = if kind == "WasmPlugin" { wasm } else { format!(r#""wasm":{{{wasm}}}"#) };
    format!(
        r#"{{"apiVersion":"extensions.istio.io/v1alpha1","kind":"{kind}","metadata":{{"name":"{name}"}},"spec":{{{SIDECAR}{wasm}}}}}
"#
    )
}
