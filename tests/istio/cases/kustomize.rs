//! Kustomize overlays of the shipped manifests.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

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

/// `scripts/set-istio-image.sh` sets the image address in every manifest, with the
/// digest that the registry reports.
pub async fn one_command_sets_tag_and_digest_in_every_manifest(mesh: &Mesh) {
    let pinned = mesh.registry.pinned_image();
    for image in [mesh.registry.image(), pinned.clone()] {
        let shipped = Shipped::with_image("oci://old.example/maintenance-filter:1");
        let output = set_image(&shipped, &image);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(image_address(&shipped.path().join("image/image.yaml")), pinned);
        let mut manifests = 0;
        for text in manifests_of(&shipped) {
            assert!(!text.contains("old.example"), "{text}");
            manifests += usize::from(text.contains(&format!("url: {pinned}\n")));
        }
        assert_eq!(manifests, FOLDERS.len() + 1 + shipped.recipes().len());
    }
}

/// Without a digest, in the URL or from the registry, the script changes no manifest.
pub async fn an_unknown_image_leaves_every_manifest_as_it_is(mesh: &Mesh) {
    let shipped = Shipped::with_image("oci://old.example/maintenance-filter:1");
    let before = manifests_of(&shipped);
    let unknown = mesh.registry.image().replace(":0.1.0", ":none");
    let output = set_image(&shipped, &unknown);
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("the registry does not report the digest"), "{error}");
    assert_eq!(manifests_of(&shipped), before);
}

/// Runs `scripts/set-istio-image.sh` on a copy of the manifests.
fn set_image(shipped: &Shipped, image: &str) -> Output {
    let mut script = Command::new(harness::repository().join("scripts/set-istio-image.sh"));
    script.current_dir(harness::repository()).env("ROOT", shipped.root()).arg(image);
    script.env("TLS_VERIFY", "false").output().expect("the script runs")
}

/// Texts of all manifests, in the order of their paths.
fn manifests_of(shipped: &Shipped) -> Vec<String> {
    let files = files(shipped.root()).into_iter();
    let manifests = files.filter(|file| file.extension() == Some("yaml".as_ref()));
    manifests.map(|file| fs::read_to_string(file).expect("a file")).collect()
}
