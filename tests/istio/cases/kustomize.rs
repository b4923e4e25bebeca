//! Everything that is shipped can be changed from an overlay.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::mesh::Mesh;
use crate::service::{Service, prepare};
use crate::shipped::{Shipped, address, files};

const FOLDERS: [&str; 5] =
    ["maintenance-mode", "standby", "gateway", "waypoint", "traffic-extension"];
const README: &str = include_str!("../../../istio/README.md");
/// The overlay of `istio/README.md`, in a folder beside `maintenance-mode`.
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

/// `apply -k` of a folder is `apply -f` of it.
pub async fn both_ways_to_apply_a_folder_are_the_same(mesh: &Mesh) {
    let service = Service::without_proxy(&mesh.plane, &mesh.registry.image()).await;
    for folder in FOLDERS {
        let path = service.shipped.folder(folder);
        let asked = |way: &str| {
            let dry_run = ["apply", "--dry-run=server", "-o", "json", "-n", &service.namespace];
            service.kubectl.run(&[&dry_run[..], &[way, &path]].concat())
        };
        let spec = |text: &str| -> Value {
            let object: Value = serde_json::from_str(text).expect("one resource");
            object["spec"].clone()
        };
        assert_eq!(spec(&asked("-k")), spec(&asked("-f")), "{folder}");
    }
    service.kubectl.run(&["kustomize", &service.shipped.folder("admission")]);
}

pub async fn an_overlay_sets_image_namespace_and_retry_after(mesh: &Mesh) {
    assert!(README.contains(OVERLAY), "istio/README.md shows another overlay");
    let kubectl = mesh.plane.kubectl();
    prepare(kubectl, "shop").await;
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

/// The address stands in one place; every manifest has it from there.
pub async fn one_place_holds_the_address_of_the_image(mesh: &Mesh) {
    let image = mesh.registry.image();
    let shipped = Shipped::with_image("oci://old.example/maintenance-filter:1");
    let mut set = Command::new(harness::repository().join("scripts/set-istio-image.sh"));
    set.current_dir(harness::repository()).env("ISTIO_FOLDER", shipped.path()).arg(&image);
    let output = set.output().expect("the script runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(address(&shipped.path().join("image/image.yaml")), image);
    let mut named = 0;
    for file in
        files(&shipped.path()).iter().filter(|file| file.extension() == Some("yaml".as_ref()))
    {
        let text = fs::read_to_string(file).expect("a file");
        assert!(!text.contains("old.example"), "{}", file.display());
        named += usize::from(text.contains(&format!("url: {image}\n")));
    }
    assert_eq!(named, FOLDERS.len() + 1);
}
