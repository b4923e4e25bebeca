//! `kubectl maintenance` with a real API server and a real sidecar, through
//! kubectl's own search for plugins.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use harness::upstream::BODY;
use harness::wait::eventually;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::switching::assert_maintenance;
use crate::kubelet::Kubelet;
use mesh::Mesh;
use mesh::service::{CHANGE_TIMEOUT, Service};

/// Operator of a service who has a kubeconfig.
struct Operator<'a> {
    mesh: &'a Mesh,
    namespace: &'a str,
    kubeconfig: &'a Path,
}

impl Operator<'_> {
    /// Runs `kubectl maintenance` in the namespace. Returns the exit status and
    /// what it prints.
    fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let kubectl = self.mesh.plane.tools().path("kubectl");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders =
            [harness::repository().join("istio"), kubectl.parent().expect("a folder").into()];
        let path = std::env::join_paths(folders.into_iter().chain(std::env::split_paths(&path)));
        let output: Output = Command::new(&kubectl)
            .arg("maintenance")
            .args(arguments)
            .args(["--namespace", self.namespace])
            .env("PATH", path.expect("a path"))
            .env("KUBECONFIG", self.kubeconfig)
            .output()
            .expect("kubectl runs");
        let text = String::from_utf8([output.stdout, output.stderr].concat()).expect("text");
        (output.status.code(), text)
    }

    /// Runs `kubectl maintenance`, which must exit with `status`, and returns what
    /// it prints.
    #[track_caller]
    fn must_exit(&self, status: i32, arguments: &[&str]) -> String {
        let (code, text) = self.run(arguments);
        assert_eq!(code, Some(status), "kubectl maintenance {arguments:?}: {text}");
        text
    }

    /// Proxies that `status -o json` lists: pod, state, Retry-After, rejected requests.
    #[track_caller]
    fn proxies(&self) -> Vec<Value> {
        let (_, text) = self.run(&["status", "-o", "json"]);
        let value: Value = serde_json::from_str(&text).expect(&text);
        let proxies = value["proxies"].as_array().cloned().unwrap_or_default();
        let fields = ["pod", "state", "retryAfterSeconds", "rejectedRequests"];
        proxies.iter().map(|proxy| fields.map(|field| proxy[field].clone()).into()).collect()
    }

    /// Configuration of the plugin in the API, without the response, which no command
    /// changes.
    fn plugin_config(&self) -> Value {
        let config = "jsonpath={.spec.pluginConfig}";
        let plugin =
            ["get", "wasmplugin", "maintenance-standby", "-n", self.namespace, "-o", config];
        let text = self.mesh.plane.kubectl().run(&plugin);
        let mut config: Value = serde_json::from_str(&text).expect(&text);
        let response = config.as_object_mut().and_then(|fields| fields.remove("response"));
        assert_eq!(response, Some(json!({"headers": {"x-envoy-ratelimited": "true"}})));
        config
    }
}

/// A time from now on, as in a configuration.
fn time_in(seconds: u64) -> String {
    let time = SystemTime::now() + Duration::from_secs(seconds);
    humantime::format_rfc3339_seconds(time).to_string()
}

/// Every command with a sidecar. Its proxy has two pods: in one it is a container, in
/// the other an init container.
pub async fn each_command_changes_the_sidecar_and_status_shows_it(mesh: &Mesh) {
    let mut service = Service::without_proxy(&mesh.plane, &mesh.registry.image()).await;
    service.drain_seconds = 1;
    service.start_proxy(&mesh.plane).await;
    let namespace = service.namespace.clone();
    let kubeconfig = mesh.plane.kubectl().kubeconfig();
    let operator = Operator { mesh, namespace: &namespace, kubeconfig };
    assert!(operator.must_exit(2, &["status"]).contains("has a container istio-proxy"));

    let admin = service.proxy().admin_address().port();
    let kubelet =
        Kubelet::start(&mesh.plane, &namespace, &[("classic", admin), ("native", admin)]).await;
    kubelet.add_pod("bare", &[], &["setup"]);
    kubelet.add_pod("classic", &["istio-proxy"], &[]);
    kubelet.add_pod("native", &[], &["istio-proxy"]);
    for phase in ["Succeeded", "Failed"] {
        let name = phase.to_lowercase();
        kubelet.add_pod(&name, &["istio-proxy"], &[]);
        kubelet.set_phase(&name, phase);
    }
    let row = |pod: &str, state: &str, retry_after: Value, rejected: Value| {
        json!([pod, state, retry_after, rejected])
    };
    let both = |state: &str, retry_after: Value, rejected: Value| -> Vec<Value> {
        ["classic", "native"]
            .map(|pod| row(pod, state, retry_after.clone(), rejected.clone()))
            .into()
    };
    assert_eq!(operator.proxies(), both("Absent", json!([]), Value::Null));
    let missing = operator.must_exit(2, &["on", "--retry-after", "1800"]);
    assert!(
        missing.contains(&format!("kubectl apply -n {namespace} -f istio/standby")),
        "{missing}"
    );

    service.apply("standby");
    service.until_installed("maintenance-standby").await;
    assert_eq!(operator.proxies(), both("Off", json!([]), json!(0)));

    operator.must_exit(0, &["on", "--retry-after", "1800"]);
    let text = operator.must_exit(0, &["status", "--wait", "on"]);
    assert!(text.contains("istio-proxy: bare\n"), "{text}");
    assert!(text.contains("Maintenance is on in 2 of 2 proxies (2 On)."), "{text}");
    assert_maintenance(&service.until_status(503).await, "1800");
    let counted =
        async || (operator.proxies() == both("On", json!([1800]), json!(1))).then_some(());
    eventually("the rejected request is counted", CHANGE_TIMEOUT, counted).await;
    operator.must_exit(0, &["status", "-l", "app=native"]);
    let text = operator.must_exit(1, &["dry-run"]);
    assert!(text.contains("nothing was changed"), "{text}");
    assert_maintenance(&service.get("/").await, "1800");

    operator.must_exit(0, &["off"]);
    operator.must_exit(0, &["status", "--wait", "off"]);
    assert_eq!(service.until_status(200).await.body, BODY);

    operator.must_exit(0, &["dry-run"]);
    let state = json!({"enabled": true, "dryRun": true, "retryAfterSeconds": 1800});
    assert_eq!(operator.plugin_config(), state);
    let shown = async || operator.proxies().iter().all(|row| row[1] == "DryRun").then_some(());
    eventually("the proxies are in a dry run", CHANGE_TIMEOUT, shown).await;
    assert_eq!(service.get("/").await.body, BODY);
    operator.must_exit(1, &["status", "--wait", "on", "--timeout", "1s"]);

    operator.must_exit(0, &["on", "--retry-after", "60"]);
    operator.must_exit(0, &["status", "--wait", "on"]);
    assert_maintenance(&service.until_status(503).await, "60");

    // A window: scheduled by a patch, then brought forward with an end.
    let in_an_hour = time_in(3600);
    let patch = json!({"spec": {"pluginConfig": {"window": {"start": in_an_hour}}}}).to_string();
    mesh.plane.kubectl().run(&[
        "patch",
        "wasmplugin",
        "maintenance-standby",
        "-n",
        &namespace,
        "--type=merge",
        "-p",
        &patch,
    ]);
    let text = operator.must_exit(0, &["status", "--wait", "off"]);
    assert!(text.contains("(2 Scheduled)"), "{text}");
    assert_eq!(service.until_status(200).await.body, BODY);
    let soon = time_in(15);
    operator.must_exit(0, &["on", "--retry-after", "60", "--until", &soon]);
    let text = operator.must_exit(0, &["status", "--wait", "on"]);
    assert!(text.contains(&soon), "ENDS is {soon}: {text}");
    let answer = service.until_status(503).await;
    let retry_after: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=15).contains(&retry_after), "{retry_after} s is no countdown");
    assert_eq!(service.until_status(200).await.body, BODY, "the window ends by itself");
    let text = operator.must_exit(0, &["status", "--wait", "off"]);
    assert!(text.contains("(2 Off)"), "{text}");

    service.delete("standby");
    let absent = async || operator.proxies().iter().all(|row| row[1] == "Absent").then_some(());
    eventually("the proxies have forgotten the filter", CHANGE_TIMEOUT, absent).await;
    assert_eq!(service.until_status(200).await.body, BODY);
}

/// `--until` sets the window, and each command removes an earlier one.
pub async fn until_is_merged_into_the_plugin_and_removed_again(mesh: &Mesh) {
    let service = Service::without_proxy(&mesh.plane, &mesh.registry.image()).await;
    let kubeconfig = mesh.plane.kubectl().kubeconfig();
    let operator = Operator { mesh, namespace: &service.namespace, kubeconfig };
    service.apply("standby");
    service.patch_standby(
        r#"{"dryRun":true,"exemptions":[],"window":{"start":"2099-01-01T00:00:00Z","onEnd":"Extend"}}"#,
    );
    operator.must_exit(0, &["on", "--retry-after", "5", "--until", "2099-01-01T06:00:00+02:00"]);
    let window = json!({"end": "2099-01-01T06:00:00+02:00", "onEnd": "Stop"});
    let mut expected =
        json!({"enabled": true, "retryAfterSeconds": 5, "exemptions": [], "window": window});
    assert_eq!(operator.plugin_config(), expected);

    operator.must_exit(0, &["on", "--retry-after", "7"]);
    expected = json!({"enabled": true, "retryAfterSeconds": 7, "exemptions": []});
    assert_eq!(operator.plugin_config(), expected);

    let until = ["on", "--retry-after", "7", "--until", "2099-01-01T00:00:00Z"];
    operator.must_exit(0, &until);
    operator.must_exit(0, &["off"]);
    expected["enabled"] = json!(false);
    assert_eq!(operator.plugin_config(), expected);
}

/// The rules in `docs/kubectl-maintenance.md` are enough, and without them the reason is named.
pub async fn the_documented_permissions_are_enough(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    service.apply("standby");
    service.until_installed("maintenance-standby").await;
    let namespace = &service.namespace;
    let admin = service.proxy().admin_address().port();
    let kubelet = Kubelet::start(&mesh.plane, namespace, &[("shop", admin)]).await;
    kubelet.add_pod("shop", &["istio-proxy"], &[]);
    let folder = TempDir::new().expect("a folder");
    let kubeconfig = folder.path().join("kubeconfig");
    impersonate("night", mesh.plane.kubectl().kubeconfig(), &kubeconfig);
    let operator = Operator { mesh, namespace, kubeconfig: &kubeconfig };

    let text = operator.must_exit(2, &["status", "--wait", "on"]);
    assert!(text.contains("the verb list on pods"), "{text}");
    let text = operator.must_exit(2, &["off"]);
    assert!(text.contains("the verbs get, list and patch on wasmplugins"), "{text}");

    let role = documented_role();
    let apply = |role: &str| {
        let manifest = ["apply", "-n", namespace, "-f", "-"];
        mesh.plane.kubectl().try_run_with_input(&manifest, role).expect(role);
    };
    let bind =
        ["create", "rolebinding", "night", "--role=maintenance", "--user=night", "-n", namespace];
    mesh.plane.kubectl().run(&bind);
    apply(&role.replace("pods/exec", "pods/none"));
    let text = operator.must_exit(2, &["status", "--wait", "on"]);
    assert!(text.contains("get and create on pods/exec"), "{text}");

    apply(&role);
    operator.must_exit(0, &["on", "--retry-after", "1800"]);
    operator.must_exit(0, &["status", "--wait", "on"]);
    operator.must_exit(0, &["off"]);
    operator.must_exit(0, &["status", "--wait", "off"]);
}

/// Writes a copy of a kubeconfig that acts as another user.
fn impersonate(user: &str, kubeconfig: &Path, copy: &Path) {
    let text = fs::read_to_string(kubeconfig).expect("a kubeconfig");
    let mut value: Value = serde_json::from_str(&text).expect("JSON");
    value["users"][0]["user"]["as"] = json!(user);
    fs::write(copy, value.to_string()).expect("the copy");
}

/// Role in `docs/kubectl-maintenance.md`.
fn documented_role() -> String {
    let page = harness::repository().join("docs/kubectl-maintenance.md");
    let page = fs::read_to_string(page).expect("the page");
    let mut blocks = page.split("```yaml\n").skip(1).filter_map(|text| text.split("```").next());
    blocks.find(|block| block.contains("kind: Role")).expect("a role").into()
}
