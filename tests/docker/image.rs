//! The image that a mesh pulls.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use harness::{plugin_wasm, repository};
use tempfile::TempDir;

use crate::registry::Registry;
use crate::support::{command, docker, run};

/// Makes the image of a folder; its digest.
fn make_image(folder: &Path) -> String {
    let printed = run(command("scripts/image.sh", &["build"]).current_dir(folder));
    let digest = printed.trim().strip_prefix("dist/image.tar: ").expect(&printed);
    assert!(digest.starts_with("sha256:"), "{digest}");
    digest.into()
}

/// The sources of the repository in another folder.
fn copy_of_the_sources() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    for file in run(&mut command("git", &list)).split_terminator('\0') {
        let to = folder.path().join(file);
        let from = repository().join(file);
        if from.is_file() {
            fs::create_dir_all(to.parent().expect("a folder")).expect("the folder made");
            fs::copy(from, to).expect("the file copied");
        }
    }
    folder
}

#[test]
fn the_same_sources_give_the_same_module_and_digest_in_another_folder() {
    let copy = copy_of_the_sources();
    run(command("scripts/build-wasm.sh", &[])
        .current_dir(copy.path())
        .env_remove("CARGO_TARGET_DIR"));
    let here = fs::read(plugin_wasm()).expect("the module");
    let there = fs::read(copy.path().join("dist/plugin.wasm")).expect("the module");
    assert!(here == there, "{} bytes here, {} bytes there", here.len(), there.len());
    let digest = make_image(copy.path());
    assert_eq!(digest, make_image(copy.path()), "made again");
    let module = copy.path().join("dist/plugin.wasm");
    fs::set_permissions(&module, Permissions::from_mode(0o600)).expect("the mode set");
    assert_eq!(digest, make_image(copy.path()), "from a file of another mode");
    assert_eq!(digest, make_image(repository()), "in another folder");
    println!("{} bytes, image digest {digest}", here.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pulled_is_what_was_pushed() {
    let registry = Registry::start().await;
    let folder = TempDir::new().expect("a folder");
    let copy = folder.path().join("copy");
    fs::create_dir_all(copy.join("dist")).expect("a folder");
    for file in ["Cargo.toml", "Dockerfile", ".dockerignore", "Makefile"] {
        fs::copy(repository().join(file), copy.join(file)).expect(file);
    }
    run(command("cp", &["-r", "scripts"]).arg(&copy));
    fs::copy(plugin_wasm(), copy.join("dist/plugin.wasm")).expect("the module");
    let digest = make_image(&copy);
    let name = registry.name("0.1.0");

    let mut push = command("make", &["push", &format!("IMAGE={name}")]);
    let printed = run(push.current_dir(&copy).env("TLS_VERIFY", "false"));
    for line in [
        format!("pushed {name}, digest {digest}"),
        format!("  url: oci://{name}"),
        format!("  sha256: {}", digest.trim_start_matches("sha256:")),
    ] {
        assert!(printed.lines().any(|found| found == line), "{line}\n{printed}");
    }

    let pulled = folder.path().join("pulled");
    let source = format!("docker://{name}");
    let target = format!("dir:{}", pulled.display());
    run(&mut command("skopeo", &["copy", "--src-tls-verify=false", &source, &target]));
    check_layers(&pulled);

    let said = docker(&["pull", &name]);
    docker(&["rmi", &name]);
    assert!(said.contains(&format!("Digest: {digest}")), "{said}");
}

/// One layer, as Istio asks for, with the module and nothing else.
fn check_layers(pulled: &Path) {
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
