//! Shipped manifests of `istio/` and `docs/recipes/`, unchanged except for the module's
//! address.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Folder of the recipes.
const RECIPES: &str = "docs/recipes";

/// Copy of the shipped manifests, which names another image.
pub struct Shipped(TempDir);

impl Shipped {
    /// Copies the manifests and replaces the address in `istio/image/image.yaml` with
    /// `image` in all of them.
    pub fn with_image(image: &str) -> Self {
        let source = harness::repository();
        let copy = Self(TempDir::new().expect("a temporary folder"));
        let address = image_address(&source.join("istio/image/image.yaml"));
        for file in ["istio", RECIPES].iter().flat_map(|folder| files(&source.join(folder))) {
            let target = copy.root().join(file.strip_prefix(source).expect("in the repository"));
            fs::create_dir_all(target.parent().expect("a folder")).expect("the folder");
            let text = fs::read_to_string(&file).expect("a manifest");
            fs::write(target, text.replace(&address, image)).expect("the copy");
        }
        copy
    }

    /// Copies the manifests and writes the address into them with
    /// `scripts/set-istio-image.sh`, as an operator does. The registry may be without
    /// TLS.
    pub fn with_image_by_script(url: &str) -> Self {
        let source = harness::repository();
        let copy = Self::with_image(&image_address(&source.join("istio/image/image.yaml")));
        let mut script = Command::new("scripts/set-istio-image.sh");
        script.current_dir(source).env("ROOT", copy.root()).env("TLS_VERIFY", "false").arg(url);
        let output = script.output().expect("the script runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        copy
    }

    /// Folder that contains the copy, in place of the repository's root.
    pub fn root(&self) -> &Path {
        self.0.path()
    }

    /// Path of the copy of `istio/`.
    pub fn path(&self) -> PathBuf {
        self.0.path().join("istio")
    }

    /// Manifests of the recipes in the copy.
    pub fn recipes(&self) -> Vec<PathBuf> {
        let files = files(&self.root().join(RECIPES));
        files.into_iter().filter(|file| file.extension() == Some("yaml".as_ref())).collect()
    }

    /// Path of a subfolder of the copy of `istio/`, for `kubectl apply -f`.
    pub fn folder(&self, name: &str) -> String {
        self.path().join(name).display().to_string()
    }

    /// Replaces text in the manifest of a folder, as an operator would edit it.
    pub fn edit(&self, name: &str, before: &str, after: &str) {
        let file = self.path().join(name).join(format!("{name}.yaml"));
        let text = fs::read_to_string(&file).expect("a manifest");
        assert!(text.contains(before), "{before} is not in {}", file.display());
        fs::write(&file, text.replace(before, after)).expect("the edited manifest");
    }
}

/// Address of the image in `istio/image/image.yaml`.
pub fn image_address(file: &Path) -> String {
    let text = fs::read_to_string(file).expect("the image's manifest");
    let url = text.lines().find_map(|line| line.trim().strip_prefix("url: "));
    url.expect("the image's address").into()
}

/// All files below a folder, in order.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
        .into_iter()
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}
