//! `istio/rbac`: people on call may switch maintenance, and change nothing else.

use std::fs;

use harness::upstream::BODY;
use harness::wait::eventually;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::switching::assert_maintenance;
use mesh::Mesh;
use mesh::kubectl::Kubectl;
use mesh::service::{CHANGE_TIMEOUT, Service};

/// Questions to `kubectl auth can-i`, and the answers.
const PERMISSIONS: [(&str, &str, bool); 22] = [
    ("get", "wasmplugins/maintenance-standby", true),
    ("patch", "wasmplugins/maintenance-standby", true),
    ("update", "wasmplugins/maintenance-mode", true),
    ("delete", "wasmplugins/maintenance-mode", true),
    ("create", "wasmplugins/maintenance-mode", true),
    ("patch", "wasmplugins/maintenance-gateway", true),
    ("patch", "wasmplugins/maintenance-waypoint", true),
    ("patch", "trafficextensions/maintenance-mode", true),
    ("list", "wasmplugins", true),
    ("list", "pods", true),
    ("create", "pods --subresource=exec", true),
    // Without a name: any plugin.
    ("create", "wasmplugins", false),
    ("deletecollection", "wasmplugins", false),
    ("patch", "wasmplugins/another", false),
    ("delete", "wasmplugins/another", false),
    ("patch", "trafficextensions/another", false),
    ("delete", "pods", false),
    ("get", "secrets", false),
    ("patch", "envoyfilters", false),
    ("patch", "authorizationpolicies", false),
    ("update", "roles/maintenance-on-call", false),
    ("create", "rolebindings", false),
];
/// Plugin that is none of ours.
const ANOTHER: &str = r#"{"apiVersion":"extensions.istio.io/v1alpha1","kind":"WasmPlugin",
    "metadata":{"name":"another"},"spec":{"url":"oci://x/another:1","match":[{"mode":"SERVER"}]}}"#;

/// Person on call, who authenticates with a token.
pub struct OnCall<'a> {
    pub kubectl: Kubectl,
    service: &'a Service,
    _folder: TempDir,
}

impl<'a> OnCall<'a> {
    /// Makes a person without a role.
    pub fn without_role(service: &'a Service) -> Self {
        let (namespace, admin) = (service.namespace.as_str(), &service.kubectl);
        admin.run(&["create", "serviceaccount", "on-call", "-n", namespace]);
        let token = admin.run(&["create", "token", "on-call", "-n", namespace]);
        let text = fs::read_to_string(admin.kubeconfig()).expect("a kubeconfig");
        let mut config: Value = serde_json::from_str(&text).expect("JSON");
        config["users"][0]["user"] = json!({"token": token.trim()});
        let folder = TempDir::new().expect("a folder");
        let kubeconfig = folder.path().join("kubeconfig");
        fs::write(&kubeconfig, config.to_string()).expect("the kubeconfig");
        Self { kubectl: admin.with_kubeconfig(kubeconfig), service, _folder: folder }
    }

    /// Binds the role of `istio/rbac`, with the command in its manifest.
    pub fn bind_role(&self) {
        let namespace = self.service.namespace.as_str();
        let group = format!("system:serviceaccounts:{namespace}");
        let bind = ["create", "rolebinding", "maintenance-on-call", "-n", namespace];
        let role = ["--role", "maintenance-on-call", "--group", &group];
        self.service.kubectl.run(&[&bind[..], &role].concat());
    }

    /// Runs `kubectl` in the namespace of the service.
    fn run(&self, arguments: &[&str]) -> Result<String, String> {
        self.kubectl.try_run(&[arguments, &["-n", &self.service.namespace]].concat())
    }

    /// Applies a manifest in the namespace of the service.
    fn apply(&self, arguments: &[&str], manifest: &str) -> Result<String, String> {
        let apply = ["apply", "-n", &self.service.namespace, "-f", "-"];
        self.kubectl.try_run_with_input(&[&apply[..], arguments].concat(), manifest)
    }

    /// Asks `kubectl auth can-i`.
    fn can(&self, verb: &str, resource: &str) -> bool {
        let resource: Vec<&str> = resource.split(' ').collect();
        self.run(&[&["auth", "can-i", verb], &resource[..]].concat()).is_ok()
    }

    /// Asserts that the API server has refused a command.
    #[track_caller]
    fn assert_forbidden(result: Result<String, String>, verb: &str) {
        let error = result.expect_err("no permission");
        let reason = format!("cannot {verb} resource");
        assert!(error.contains("(Forbidden)") && error.contains(&reason), "{error}");
    }
}

pub async fn the_role_is_limited_to_our_plugins(mesh: &Mesh) {
    let service = Service::without_proxy(&mesh.plane, &mesh.registry.image()).await;
    let on_call = OnCall::without_role(&service);
    for (verb, resource, _) in PERMISSIONS {
        assert!(!on_call.can(verb, resource), "{verb} {resource} without the role");
    }
    service.apply("rbac");
    on_call.bind_role();
    let bound = async || on_call.can("list", "wasmplugins").then_some(());
    eventually("the role is in force", CHANGE_TIMEOUT, bound).await;
    for (verb, resource, expected) in PERMISSIONS {
        assert_eq!(on_call.can(verb, resource), expected, "{verb} {resource}");
    }
}

pub async fn a_person_with_the_role_switches_and_changes_nothing_else(mesh: &Mesh) {
    let (service, other) = (Service::start(mesh).await, Service::start(mesh).await);
    service.apply("standby");
    service.until_installed("maintenance-standby").await;
    service.apply("rbac");
    let on_call = OnCall::without_role(&service);
    on_call.bind_role();
    let bound = async || on_call.can("list", "wasmplugins").then_some(());
    eventually("the role is in force", CHANGE_TIMEOUT, bound).await;

    // The plugin that was applied in advance.
    let standby = ["patch", "wasmplugin", "maintenance-standby", "--type=merge", "-p"];
    let on = r#"{"spec":{"pluginConfig":{"enabled":true}}}"#;
    on_call.run(&[&standby[..], &[on]].concat()).expect("standby is switched on");
    assert_maintenance(&service.until_status(503).await, "300");
    on_call.run(&[&standby[..], &[&on.replace("true", "false")]].concat()).expect("off");
    assert_eq!(service.until_status(200).await.body, BODY);

    // The plugin that is created by name.
    let folder = service.shipped.folder("maintenance-mode");
    OnCall::assert_forbidden(on_call.run(&["apply", "-f", &folder]), "create");
    on_call.run(&["apply", "--server-side", "-f", &folder]).expect("created by name");
    assert_maintenance(&service.until_status(503).await, "300");
    service.shipped.edit("maintenance-mode", "retryAfterSeconds: 300", "retryAfterSeconds: 600");
    on_call.run(&["apply", "--server-side", "-f", &folder]).expect("changed");
    let changed = async || {
        let answer = service.get("/").await;
        (answer.header("retry-after") == "600").then_some(())
    };
    eventually("the change is in force", CHANGE_TIMEOUT, changed).await;
    on_call.run(&["delete", "-f", &folder]).expect("deleted");
    assert_eq!(service.until_status(200).await.body, BODY);

    // Everything else.
    let apply = ["apply", "-n", &service.namespace, "-f", "-"];
    service.kubectl.try_run_with_input(&apply, ANOTHER).expect("the administrator may");
    // `kubectl patch` reads first.
    let another = ["patch", "wasmplugin", "another", "--type=merge", "-p", on];
    OnCall::assert_forbidden(on_call.run(&another), "get");
    OnCall::assert_forbidden(on_call.apply(&["--server-side"], ANOTHER), "patch");
    OnCall::assert_forbidden(on_call.run(&["delete", "wasmplugin", "another"]), "delete");
    let new = ANOTHER.replace("another", "new");
    OnCall::assert_forbidden(on_call.apply(&[], &new), "get");
    OnCall::assert_forbidden(on_call.apply(&["--server-side"], &new), "patch");
    other.apply("standby");
    let elsewhere = [&standby[..], &[on, "-n", &other.namespace]].concat();
    OnCall::assert_forbidden(on_call.kubectl.try_run(&elsewhere), "get");
}
