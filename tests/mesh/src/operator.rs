//! Operator of the services in one namespace.

use crate::kubectl::Kubectl;
use crate::shipped::Shipped;

/// Namespace, with the manifests and the `kubectl` of its operator.
pub struct Operator {
    pub namespace: String,
    pub kubectl: Kubectl,
    pub shipped: Shipped,
}

impl Operator {
    /// Runs `kubectl VERB -n NAMESPACE -f FOLDER` with a shipped folder.
    pub fn kubectl_file(&self, verb: &str, folder: &str) -> String {
        self.kubectl.run(&[verb, "-n", &self.namespace, "-f", &self.shipped.folder(folder)])
    }

    /// Applies a shipped folder.
    pub fn apply(&self, folder: &str) {
        self.kubectl_file("apply", folder);
    }

    /// Deletes a shipped folder.
    pub fn delete(&self, folder: &str) {
        self.kubectl_file("delete", folder);
    }

    /// Patches the configuration of the plugin in `istio/standby`, as the comment in
    /// its manifest describes.
    pub fn patch_standby(&self, config: &str) {
        let patch = format!(r#"{{"spec":{{"pluginConfig":{config}}}}}"#);
        self.patch("maintenance-standby", &patch);
    }

    /// Patches a plugin with `kubectl patch`.
    pub fn patch(&self, name: &str, patch: &str) {
        let plugin = ["patch", "wasmplugin", name, "-n", &self.namespace, "--type", "merge", "-p"];
        self.kubectl.run(&[&plugin[..], &[patch]].concat());
    }

    /// Runs `kubectl maintenance` in the namespace. Returns the exit status and what it
    /// prints.
    pub fn maintenance(&self, arguments: &[&str]) -> (Option<i32>, String) {
        self.kubectl.maintenance(&[arguments, &["--namespace", &self.namespace]].concat())
    }
}
