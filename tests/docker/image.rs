//! OCI image of the module.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use harness::{plugin_wasm, repository};
use tempfile::TempDir;

use crate::registry::Registry;
use crate::support::{command, docker, run};

/// Builds the image in a checkout and returns its digest.
fn build_image(folder: &Path) -> String {
    let printed = run(command("scripts/image.sh", &["build"]).current_dir(folder));
    let digest = printed.trim().strip_prefix("dist/image.tar: ").expect(&printed);
    assert!(digest.starts_with("sha256:"), "{digest}");
    digest.into()
}

/// Copies the sources of the repository to a temporary folder.
fn copy_sources() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    for file in run(&mut command("git", &list)).split_terminator('\0') {
        let to = folder.path().join(file);
        let from = repository().join(file);
        if from.is_file() {
            fs::create_dir_all(to.parent().expect("a folder")).expect("the folder created");
            fs::copy(from, to).expect("the file copied");
        }
    }
    folder
}

#[test]
fn the_build_is_reproducible_in_another_folder() {
    let copy = copy_sources();
    run(command("scripts/build-wasm.sh", &[])
        .current_dir(copy.path())
        .env_remove("CARGO_TARGET_DIR"));
    let module = fs::read(plugin_wasm()).expect("the module");
    let rebuilt = fs::read(copy.path().join("dist/plugin.wasm")).expect("the module");
    assert!(module == rebuilt, "{} bytes, rebuilt {} bytes", module.len(), rebuilt.len());
    let digest = build_image(copy.path());
    assert_eq!(digest, build_image(copy.path()), "a second build gives another digest");
    let rebuilt_file = copy.path().join("dist/plugin.wasm");
    fs::set_permissions(&rebuilt_file, Permissions::from_mode(0o600)).expect("the mode set");
    assert_eq!(digest, build_image(copy.path()), "the file mode of the module changes the digest");
    assert_eq!(digest, build_image(repository()), "another folder gives another digest");
    println!("{} bytes, image digest {digest}", module.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pulled_image_is_the_pushed_image() {
    let registry = Registry::start().await;
    let folder = TempDir::new().expect("a folder");
    let copy = folder.path().join("copy");
    fs::create_dir_all(copy.join("dist")).expect("a folder");
    for file in ["Cargo.toml", "Dockerfile", ".dockerignore", "Makefile"] {
        fs::copy(repository().join(file), copy.join(file)).expect(file);
    }
    run(command("cp", &["-r", "scripts"]).arg(&copy));
    fs::copy(plugin_wasm(), copy.join("dist/plugin.wasm")).expect("the module");
    let digest = build_image(&copy);
    let name = registry.image_name("0.1.0");

    let mut push = command("make", &["push", &format!("IMAGE={name}")]);
    let printed = run(push.current_dir(&copy).env("TLS_VERIFY", "false"));
    for line in [
        format!("pushed {name}, digest {digest}"),
        format!("  make istio-image URL=oci://{name}@{digest}"),
        format!("  url: oci://{name}"),
        format!("  sha256: \"{}\"", digest.trim_start_matches("sha256:")),
    ] {
        assert!(printed.lines().any(|found| found == line), "no line {line:?} in\n{printed}");
    }

    let pulled = folder.path().join("pulled");
    let source = format!("docker://{name}");
    let target = format!("dir:{}", pulled.display());
    run(&mut command("skopeo", &["copy", "--src-tls-verify=false", &source, &target]));
    assert_one_module_layer(&pulled);

    let pull_output = docker(&["pull", &name]);
    docker(&["rmi", &name]);
    assert!(pull_output.contains(&format!("Digest: {digest}")), "{pull_output}");
}

/// Asserts that an image has one layer, as Istio requires, and that the layer
/// contains only the module.
fn assert_one_module_layer(pulled: &Path) {
    let manifest = fs::read(pulled.join("manifest.json")).expect("a manifest");
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
    let layers = manifest["layers"].as_array().expect("layers");
    assert_eq!(layers.len(), 1, "{manifest}");
    assert_eq!(layers[0]["mediaType"], "application/vnd.oci.image.layer.v1.tar+gzip");
    let annotations = &manifest["annotations"];
    assert_eq!(annotations["org.opencontainers.image.version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(annotations["org.opencontainers.image.licenses"], "Apache-2.0");
    assert_eq!(annotations["org.opencontainers.image.description"], env!("CARGO_PKG_DESCRIPTION"));

    let digest = layers[0]["digest"].as_str().expect("a digest").trim_start_matches("sha256:");
    let layer = pulled.join(digest);
    let listed = run(command("tar", &["--list", "--verbose", "--gzip", "--file"]).arg(&layer));
    let lines: Vec<&str> = listed.lines().collect();
    assert!(
        lines.len() == 1
            && lines[0].starts_with("-rw-r--r-- ")
            && lines[0].ends_with(" plugin.wasm"),
        "{listed}"
    );
    let folder = TempDir::new().expect("a folder");
    run(command("tar", &["--extract", "--gzip", "--file"])
        .arg(&layer)
        .arg("--directory")
        .arg(folder.path()));
    let module = fs::read(plugin_wasm()).expect("the module");
    assert!(fs::read(folder.path().join("plugin.wasm")).expect("the module") == module);
}
