//! Command that starts pilot-agent.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::port;
use serde_json::json;

use super::Identity;
use crate::control_plane::ControlPlane;

/// Command that starts the agent of a proxy in a working folder, with the ports of
/// Envoy's admin interface and of the agent's status page.
pub fn command(
    plane: &ControlPlane,
    identity: &Identity,
    folder: &Path,
    ports: [u16; 2],
) -> Command {
    let mut command = in_mount_namespace(&plane.tools().path("pilot-agent"));
    command
        .current_dir(folder)
        .envs(identity.environment.iter().copied())
        .args(["proxy", identity.role, "--domain"])
        .arg(format!("{}.svc.cluster.local", identity.namespace))
        .envs([
            ("POD_NAME", identity.name.as_str()),
            ("POD_NAMESPACE", &identity.namespace),
            ("INSTANCE_IP", "127.0.0.1"),
            ("SERVICE_ACCOUNT", "default"),
            ("ISTIO_META_INTERCEPTION_MODE", "NONE"),
            ("ISTIO_META_CLUSTER_ID", "Kubernetes"),
            ("ISTIO_METAJSON_LABELS", &identity.labels.to_string()),
            ("WASM_INSECURE_REGISTRIES", "*"),
            ("CA_ADDR", &plane.istiod().discovery_address()),
            ("ENVOY_PROMETHEUS_PORT", &port().to_string()),
            ("ENVOY_STATUS_PORT", &port().to_string()),
            ("PROXY_CONFIG", &proxy_config(plane, identity, folder, ports)),
        ])
        .env("ISTIO_BOOTSTRAP", write_bootstrap(plane, folder));
    command
}

/// Command that runs a program in its own mount namespace.
///
/// The agent caches modules in the fixed folder `/var/lib/istio/data`. In a pod
/// the folder is private. Here each agent gets its own in-memory file system, which
/// is so small that a test can fill it.
fn in_mount_namespace(program: &Path) -> Command {
    const SETUP: &str =
        "mount -t tmpfs -o size=16m none /var/lib && mkdir -p /var/lib/istio/data && exec \"$@\"";
    let mut command = Command::new("unshare");
    if !nix::unistd::geteuid().is_root() {
        command.arg("--map-root-user");
    }
    command.args(["--mount", "sh", "-c", SETUP, "sh"]).arg(program);
    command
}

/// Writes Istio's bootstrap template with two changes. The metrics and health
/// listeners bind to loopback, and an extension that stock Envoy lacks is
/// removed.
fn write_bootstrap(plane: &ControlPlane, folder: &Path) -> PathBuf {
    let text = fs::read_to_string(plane.tools().path("envoy_bootstrap.json")).expect("a template");
    let text = text.replace("{{ .wildcard }}", "{{ .localhost }}");
    let text = text.replace("{{- if .metadata_discovery }}", "{{- if false }}");
    let file = folder.join("bootstrap.json");
    fs::write(&file, text).expect("the bootstrap");
    file
}

/// Value of `PROXY_CONFIG`.
fn proxy_config(
    plane: &ControlPlane,
    identity: &Identity,
    folder: &Path,
    [admin, status]: [u16; 2],
) -> String {
    json!({
        "binaryPath": plane.tools().envoy(),
        "configPath": folder.join("envoy"),
        "discoveryAddress": plane.istiod().discovery_address(),
        "concurrency": 2,
        "proxyAdminPort": admin,
        "statusPort": status,
        "drainDuration": format!("{}s", identity.drain_seconds),
        "terminationDrainDuration": "1s",
    })
    .to_string()
}
