//! Kustomize overlays of the shipped manifests.

use std::fs;
use std::path::Path;

use serde_json::Value;

use mesh::Mesh;
use mesh::service::{Service, create_namespace};
use mesh::shipped::{Shipped, files, image_address};

const FOLDERS: [&str; 5] =
    ["maintenance-mode", "standby", "gateway", "waypoint", "traffic-extension"];
const PAGE: &str = include_str!("../../../docs/istio/install.md");
/// Overlay from `docs/istio/install.md`, for a folder beside `maintenance-mode`.
const OVERLAY: &str = "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: shop
resources:
- ../maintenance-mode
patches:
- target: {kind: WasmPlugin}
  patch: |
    - {op: replace, path: /spec/url, value: \"oci://mirror.internal/maintenance-filter:0.1.0\"}
    - {op: replace, path: /spec/pluginConfig/retryAfterSeconds, value: 1800}
";

/// `kubectl apply -k` and `kubectl apply -f` of a folder give the same resources.
pub async fn apply_k_and_apply_f_give_the_same_resources(mesh: &Mesh) {
    let service = Service::without_proxy(&mesh.plane, &mesh.registry.image()).await;
    for folder in FOLDERS {
        let path = service.shipped.folder(folder);
        let dry_run = |flag: &str| {
            let apply = ["apply", "--dry-run=server", "-o", "json", "-n", &service.namespace];
            service.kubectl.run(&[&apply[..], &[flag, &path]].concat())
        };
        let spec = |text: &str| -> Value {
            let object: Value = serde_json::from_str(text).expect("one resource");
            object["spec"].clone()
        };
        assert_eq!(spec(&dry_run("-k")), spec(&dry_run("-f")), "{folder}");
    }
    service.kubectl.run(&["kustomize", &service.shipped.folder("admission")]);
}

pub async fn an_overlay_sets_image_namespace_and_retry_after(mesh: &Mesh) {
    assert!(PAGE.contains(OVERLAY), "docs/istio/install.md does not contain the tested overlay");
    let kubectl = mesh.plane.kubectl();
    create_namespace(kubectl, "shop").await;
    let shipped = Shipped::with_image(&mesh.registry.image());
    let overlay = shipped.folder("overlay");
    fs::create_dir(&overlay).expect("a folder");
    fs::write(Path::new(&overlay).join("kustomization.yaml"), OVERLAY).expect("the overlay");
    let text = kubectl.run(&["apply", "--dry-run=server", "-o", "json", "-k", &overlay]);
    let plugin: Value = serde_json::from_str(&text).expect("one resource");
    assert_eq!(plugin["metadata"]["namespace"], "shop");
    assert_eq!(plugin["spec"]["url"], "oci://mirror.internal/maintenance-filter:0.1.0");
    assert_eq!(plugin["spec"]["pluginConfig"]["retryAfterSeconds"], 1800);
    assert_eq!(plugin["spec"]["match"], serde_json::json!([{"mode": "SERVER"}]));
}

/// `scripts/set-istio-image.sh` sets the image address, and the digest that the registry
/// reports, in every manifest.
pub async fn one_command_sets_the_address_in_every_manifest(mesh: &Mesh) {
    let image = format!("{}@sha256:{}", mesh.registry.image(), mesh.registry.digest());
    let shipped = Shipped::with_image_by_script(&mesh.registry.image());
    let before = image_address(&harness::repository().join("istio/image/image.yaml"));
    assert_eq!(image_address(&shipped.path().join("image/image.yaml")), image);
    let mut manifests = 0;
    for file in
        files(shipped.root()).iter().filter(|file| file.extension() == Some("yaml".as_ref()))
    {
        let text = fs::read_to_string(file).expect("a file");
        assert!(!text.contains(&before), "{}", file.display());
        manifests += usize::from(text.contains(&format!("url: {image}\n")));
    }
    assert_eq!(manifests, FOLDERS.len() + 1 + shipped.recipes().len());
}
