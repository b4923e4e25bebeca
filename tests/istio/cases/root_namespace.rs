//! Admission policy: an enabled plugin in Istio's root namespace needs a label.

use std::fs;
use std::path::Path;

use harness::wait::eventually;

use super::guard_rails::yaml_block;
use super::guarded_api::{GATEWAY, GuardedApi, SIDECAR, message, plugin};
use mesh::Mesh;
use mesh::service::CHANGE_TIMEOUT;

const IMAGE: &str = "oci://x/maintenance-filter:1";
const ON: &str = r#"{"enabled": true}"#;
const LABEL: &str = "maintenance-filter/whole-mesh";

/// Message of the policy.
fn refusal(namespace: &str) -> String {
    format!(
        "metadata.namespace: {namespace} is the root namespace, where an enabled plugin applies to the \
         whole mesh. If that is intended, add the label {LABEL}: \"true\" to the plugin"
    )
}

/// Manifest of an enabled plugin with a value of the label.
fn labelled(kind: &str, value: &str) -> String {
    let labels = format!(r#""name":"any","labels":{{"{LABEL}":"{value}"}}"#);
    plugin(kind, "any", IMAGE, ON).replace(r#""name":"any""#, &labels)
}

pub async fn an_enabled_plugin_needs_a_label(mesh: &Mesh) {
    let guarded = GuardedApi::start(mesh).await;
    guarded.kubectl.run(&["create", "namespace", "istio-system"]);
    let in_root = |manifest: &str| guarded.refusal_in("istio-system", manifest);
    for kind in ["WasmPlugin", "TrafficExtension"] {
        let enabled = plugin(kind, "any", IMAGE, ON);
        for fields in [SIDECAR, GATEWAY, r#""targetRefs":[{"kind":"Gateway","name":"x"}],"#] {
            let manifest = enabled.replace(SIDECAR, fields);
            assert_eq!(in_root(&manifest), refusal("istio-system"), "{fields}");
            guarded.try_apply(&manifest).expect("another namespace is not the root namespace");
        }
        for value in ["false", "", "True"] {
            assert_eq!(in_root(&labelled(kind, value)), refusal("istio-system"), "{value}");
        }
        let another = enabled.replace(IMAGE, "oci://x/another:1");
        for accepted in [
            labelled(kind, "true"),
            plugin(kind, "any", IMAGE, "{}"),
            plugin(kind, "any", IMAGE, r#"{"enabled": false}"#),
            another,
        ] {
            guarded.try_apply_in("istio-system", &accepted).expect(&accepted);
        }
    }
}

/// The policy sees a patch of the shipped plugin, too.
pub async fn a_patch_needs_the_label(mesh: &Mesh) {
    let guarded = GuardedApi::start(mesh).await;
    let kubectl = |arguments: &[&str]| {
        guarded.kubectl.try_run(&[arguments, &["-n", "istio-system"]].concat())
    };
    guarded.kubectl.run(&["create", "namespace", "istio-system"]);
    let error = kubectl(&["apply", "-f", &guarded.shipped.folder("maintenance-mode")]);
    assert_eq!(message(&error.expect_err("an enabled plugin")), refusal("istio-system"));
    kubectl(&["apply", "-f", &guarded.shipped.folder("standby")]).expect("a disabled plugin");
    let plugin = ["patch", "wasmplugin", "maintenance-standby", "--type=merge", "-p"];
    let on = [&plugin[..], &[r#"{"spec":{"pluginConfig":{"enabled":true}}}"#]].concat();
    assert_eq!(message(&kubectl(&on).expect_err("an enabled plugin")), refusal("istio-system"));

    let label = format!("{LABEL}=true");
    kubectl(&["label", "wasmplugin", "maintenance-standby", &label]).expect("a label");
    kubectl(&on).expect("an enabled plugin with the label");
    // Without the label, an enabled plugin can only be switched off or deleted.
    let remove = format!("{LABEL}-");
    let error = kubectl(&["label", "wasmplugin", "maintenance-standby", &remove]);
    assert_eq!(message(&error.expect_err("an enabled plugin")), refusal("istio-system"));
    let off = [&plugin[..], &[r#"{"spec":{"pluginConfig":{"enabled":false}}}"#]].concat();
    kubectl(&off).expect("a disabled plugin");
}

/// The overlay in `docs/guard-rails.md` sets the name.
pub async fn the_root_namespace_can_have_another_name(mesh: &Mesh) {
    let guarded = GuardedApi::start(mesh).await;
    for namespace in ["istio-system", "mesh-config"] {
        guarded.kubectl.run(&["create", "namespace", namespace]);
    }
    let overlay = guarded.shipped.folder("overlay");
    fs::create_dir(&overlay).expect("a folder");
    let text = yaml_block("rootNamespaces");
    fs::write(Path::new(&overlay).join("kustomization.yaml"), text).expect("the overlay");
    guarded.kubectl.run(&["apply", "-k", &overlay]);

    let enabled = plugin("WasmPlugin", "any", IMAGE, ON);
    let refused = async || guarded.try_apply_in("mesh-config", &enabled).err();
    let error = eventually("the policy has changed", CHANGE_TIMEOUT, refused).await;
    assert_eq!(message(&error), refusal("mesh-config"));
    guarded.try_apply_in("istio-system", &enabled).expect("no root namespace any more");
}
