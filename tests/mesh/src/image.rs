//! Image of the module, as `make image` builds it and a release publishes it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

/// Path of the image, which is beside the module. Panics unless the image contains
/// the module that the tests use.
pub fn archive() -> &'static Path {
    static ARCHIVE: OnceLock<PathBuf> = OnceLock::new();
    ARCHIVE.get_or_init(|| {
        let module = harness::plugin_wasm();
        let archive = module.with_file_name("image.tar");
        let built = fs::read(&module).expect("the module");
        let is_current = archive.exists() && module_in(&archive) == built;
        assert!(
            is_current,
            "{} is not an image of the module: run `make image`",
            archive.display()
        );
        archive
    })
}

/// Pushes an image to a registry without TLS, with credentials as `USER:PASSWORD`, and
/// returns its digest.
pub fn push(archive: &Path, target: &str, credentials: &str) -> String {
    let folder = TempDir::new().expect("a temporary folder");
    let digest = folder.path().join("digest");
    let mut skopeo = Command::new("skopeo");
    skopeo.args(["copy", "--preserve-digests", "--dest-tls-verify=false"]);
    skopeo.args(["--dest-creds", credentials, "--digestfile"]).arg(&digest);
    skopeo.arg(format!("oci-archive:{}", archive.display())).arg(format!("docker://{target}"));
    run(&mut skopeo);
    fs::read_to_string(digest).expect("the digest").trim().into()
}

/// Content of `plugin.wasm` in the last layer of an image, which is the layer that
/// Istio reads.
fn module_in(archive: &Path) -> Vec<u8> {
    let folder = TempDir::new().expect("a temporary folder");
    let mut skopeo = Command::new("skopeo");
    skopeo.arg("copy").arg(format!("oci-archive:{}", archive.display()));
    run(skopeo.arg(format!("dir:{}", folder.path().display())));
    let manifest = fs::read(folder.path().join("manifest.json")).expect("a manifest");
    let manifest: Value = serde_json::from_slice(&manifest).expect("JSON");
    let layers = manifest["layers"].as_array().expect("layers");
    let digest = layers.last().and_then(|layer| layer["digest"].as_str()).expect("a digest");
    let layer = folder.path().join(digest.trim_start_matches("sha256:"));
    run(Command::new("tar").args(["-xzOf"]).arg(layer).arg("plugin.wasm"))
}

/// Runs a command, asserts success, and returns its output.
fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    output.stdout
}
