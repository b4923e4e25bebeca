//! `docs/maintenance-page/`: Kustomize copies the page into the plugin configuration.

use std::fs;

use harness::client::{Http, request, send};
use harness::upstream::BODY;
use hyper::header::{ACCEPT, HeaderValue};
use serde_json::{Value, json};

use mesh::Mesh;
use mesh::service::Service;
use mesh::shipped::Shipped;

const PAGE: &str = include_str!("../../../docs/maintenance-page/maintenance.html");
const KUSTOMIZATION: &str = include_str!("../../../docs/maintenance-page/Kustomization");
const BASE: &str = "../../istio/maintenance-mode";

/// Puts the folder beside a copy of `istio/`, with a folder of that copy as its base, and
/// returns its path.
fn folder_with_base(shipped: &Shipped, base: &str) -> String {
    assert!(KUSTOMIZATION.contains(BASE));
    let folder = shipped.root().join("docs/maintenance-page");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("maintenance.html"), PAGE).expect("the page");
    let kustomization = KUSTOMIZATION.replace(BASE, &format!("../../istio/{base}"));
    fs::write(folder.join("Kustomization"), kustomization).expect("the kustomization");
    folder.display().to_string()
}

/// The page arrives byte for byte, and nothing else in a manifest changes.
pub async fn the_page_is_added_to_every_manifest(mesh: &Mesh) {
    let service = Service::without_proxy(&mesh.plane, &mesh.registry.image()).await;
    let resource = |folder: &str| -> Value {
        let apply = ["apply", "--dry-run=server", "-o", "json", "-n", &service.namespace, "-k"];
        let text = service.kubectl.run(&[&apply[..], &[folder]].concat());
        serde_json::from_str(&text).expect("one resource")
    };
    for base in ["maintenance-mode", "standby", "gateway", "waypoint", "traffic-extension"] {
        let mut expected = resource(&service.shipped.folder(base))["spec"].take();
        let wasm = if base == "traffic-extension" { &mut expected["wasm"] } else { &mut expected };
        wasm["pluginConfig"]["response"]["html"] = json!(PAGE);
        let folder = folder_with_base(&service.shipped, base);
        assert_eq!(resource(&folder)["spec"], expected, "{base}");
    }
}

pub async fn a_browser_gets_the_page_while_it_is_applied(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    assert_eq!(service.until_status(200).await.body, BODY);
    let folder = folder_with_base(&service.shipped, "maintenance-mode");
    let kubectl = |verb| service.kubectl.run(&[verb, "-n", &service.namespace, "-k", &folder]);

    kubectl("apply");
    let answer = service.until_status(503).await;
    assert_eq!(answer.header("content-type"), "application/json");
    let mut visit = request("GET", "/");
    visit.headers_mut().insert(ACCEPT, HeaderValue::from_static("text/html,*/*;q=0.8"));
    let answer = send(service.address(), Http::One, visit).await;
    assert_eq!((answer.status, &answer.body[..]), (503, PAGE.as_bytes()));
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(answer.header("retry-after"), "300");

    kubectl("delete");
    assert_eq!(service.until_status(200).await.body, BODY);
}
