//! `kubectl maintenance` with a real API server and a real sidecar, through
//! kubectl's own search for plugins.

use std::fs;
use std::time::{Duration, SystemTime};

use harness::upstream::BODY;
use harness::wait::eventually;
use serde_json::{Value, json};

use super::gateway::{Edge, HOST_NAME};
use super::on_call::OnCall;
use super::switching::assert_maintenance;
use crate::kubelet::Kubelet;
use mesh::Mesh;
use mesh::kubectl::Kubectl;
use mesh::service::{CHANGE_TIMEOUT, Service};

/// Person who has a kubeconfig.
struct Person<'a> {
    service: &'a Service,
    kubectl: Kubectl,
}

impl<'a> Person<'a> {
    /// Administrator of the cluster.
    fn administrator(service: &'a Service) -> Self {
        Self { service, kubectl: service.kubectl.clone() }
    }

    /// Runs `kubectl maintenance` in the namespace of the service. Returns the exit
    /// status and what it prints.
    fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        self.kubectl.maintenance(&[arguments, &["--namespace", &self.service.namespace]].concat())
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
        let (config, namespace) = ("jsonpath={.spec.pluginConfig}", &self.service.namespace);
        let plugin = ["get", "wasmplugin", "maintenance-standby", "-n", namespace, "-o", config];
        let text = self.service.kubectl.run(&plugin);
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
    service.drain_seconds = 5;
    service.start_proxy(&mesh.plane).await;
    let namespace = service.namespace.as_str();
    let operator = Person::administrator(&service);
    assert!(operator.must_exit(2, &["status"]).contains("has a container istio-proxy"));

    let admin = service.proxy().admin_address().port();
    let kubelet =
        Kubelet::start(&mesh.plane, namespace, &[("classic", admin), ("native", admin)]).await;
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
    service.patch_standby(&json!({"window": {"start": in_an_hour}}).to_string());
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
    let operator = Person::administrator(&service);
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

/// `istio/rbac` is enough for every command, and without it the reason is named.
pub async fn the_shipped_role_is_enough(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    service.apply("standby");
    service.until_installed("maintenance-standby").await;
    let namespace = &service.namespace;
    let admin = service.proxy().admin_address().port();
    let kubelet = Kubelet::start(&mesh.plane, namespace, &[("shop", admin)]).await;
    kubelet.add_pod("shop", &["istio-proxy"], &[]);
    let on_call = OnCall::without_role(&service);
    let operator = Person { service: &service, kubectl: on_call.kubectl.clone() };

    let text = operator.must_exit(2, &["status", "--wait", "on"]);
    assert!(text.contains("the verb list on pods"), "{text}");
    let text = operator.must_exit(2, &["off"]);
    assert!(text.contains("the verbs get, list and patch on wasmplugins"), "{text}");

    on_call.bind_role();
    let role = service.shipped.path().join("rbac/role.yaml");
    let shipped = fs::read_to_string(&role).expect("the role");
    fs::write(&role, shipped.replace("pods/exec", "pods/none")).expect("the role");
    service.apply("rbac");
    let text = operator.must_exit(2, &["status", "--wait", "on"]);
    assert!(text.contains("get and create on pods/exec"), "{text}");

    fs::write(&role, shipped).expect("the role");
    service.apply("rbac");
    operator.must_exit(0, &["on", "--retry-after", "1800"]);
    operator.must_exit(0, &["status", "--wait", "on"]);
    operator.must_exit(0, &["off"]);
    operator.must_exit(0, &["status", "--wait", "off"]);
}

/// `status -A` with a sidecar under `istio/traffic-extension`, and with a gateway in
/// another namespace under `istio/gateway`. No command but `status` is for these two.
pub async fn status_shows_sidecars_and_gateways_of_all_namespaces(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    let edge = Edge::start(mesh, &service).await;
    let namespaces = [service.namespace.as_str(), edge.namespace.as_str()];
    // Each pod has the name of its namespace. Other cases have pods too, so every command
    // selects these two by their labels.
    let [shop, gateway] = namespaces;
    let selector = format!("app in ({shop}, {gateway})");
    let admin = [service.proxy(), &edge.gateway].map(|proxy| proxy.admin_address().port());
    let kubelet = Kubelet::start(&mesh.plane, shop, &[(shop, admin[0])]).await;
    kubelet.add_pod(shop, &["istio-proxy"], &[]);
    let kubelet_of_gateway = Kubelet::start(&mesh.plane, gateway, &[(gateway, admin[1])]).await;
    kubelet_of_gateway.add_gateway_pod(gateway);
    let status = |status: i32, arguments: &[&str]| {
        let all = [&["status", "--all-namespaces", "--selector", &selector], arguments].concat();
        let (code, text) = service.kubectl.maintenance(&all);
        assert_eq!(code, Some(status), "kubectl maintenance {all:?}: {text}");
        text
    };
    let proxies = |expected_status| -> Vec<Value> {
        let text = status(expected_status, &["--output", "json"]);
        let value: Value = serde_json::from_str(&text).expect(&text);
        let fields = ["namespace", "state", "retryAfterSeconds"];
        let row = |proxy: &Value| fields.map(|field| proxy[field].clone()).into();
        let mut rows: Vec<_> =
            value["proxies"].as_array().expect("a list").iter().map(row).collect();
        // The API server lists `shop-1-ingress/` before `shop-1/`.
        rows.sort_by_key(|row: &Value| row[0].to_string().len());
        rows
    };
    assert_eq!(proxies(0), [json!([shop, "Absent", []]), json!([gateway, "Absent", []])]);

    let folder = service.shipped.folder("gateway");
    service.kubectl.run(&["apply", "-n", gateway, "-f", &folder]);
    assert_maintenance(&edge.until_status(HOST_NAME, 503).await, "300");
    assert_eq!(proxies(1), [json!([shop, "Absent", []]), json!([gateway, "On", [300]])]);
    status(1, &["--wait", "on", "--timeout", "1s"]);

    service.apply("traffic-extension");
    let text = status(0, &["--wait", "on"]);
    assert!(text.contains("Maintenance is on in 2 of 2 proxies (2 On)."), "{text}");
    for namespace in namespaces {
        let row = text.lines().find(|line| line.starts_with(&format!("{namespace} ")));
        assert!(row.is_some_and(|row| row.contains(" On ")), "{namespace}: {text}");
    }
    assert_maintenance(&service.until_status(503).await, "300");
    assert_eq!(proxies(0), [json!([shop, "On", [300]]), json!([gateway, "On", [300]])]);

    service.delete("traffic-extension");
    service.kubectl.run(&["delete", "-n", gateway, "-f", &folder]);
    let text = status(0, &["--wait", "off"]);
    assert!(text.contains("Maintenance is on in 0 of 2 proxies"), "{text}");
    assert_eq!(edge.until_status(HOST_NAME, 200).await.body, BODY);
}
