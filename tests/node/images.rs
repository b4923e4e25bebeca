//! Container images, made from programs of this machine: a node of the suite pulls
//! none.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::namespaces::run;
use crate::programs::Programs;

/// Registry part of the names of all images.
pub const HUB: &str = "localhost";
/// Tag of all images.
pub const TAG: &str = "1";

/// User that Istio's containers run as.
const ISTIO_USER: &str = "1337:1337";
const SEARCH_PATH: &str = "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Image of one layer.
struct Image {
    name: &'static str,
    entrypoint: Value,
    user: &'static str,
    /// Paths in the image, and the files that are there.
    files: Vec<(String, PathBuf)>,
}

/// Makes every image of the suite as an archive in `folder`.
pub fn build(programs: &Programs, folder: &Path) -> Result<Vec<PathBuf>, String> {
    let app = with_libraries(vec![("app".into(), programs.node("app"))])?;
    let images = [
        Image { name: "pause", entrypoint: json!(["/app", "wait"]), user: "", files: app.clone() },
        Image { name: "app", entrypoint: json!(["/app"]), user: "", files: app },
        Image {
            name: "coredns",
            entrypoint: json!(["/coredns"]),
            user: "",
            files: with_libraries(vec![("coredns".into(), programs.node("coredns"))])?,
        },
        Image {
            name: "pilot",
            entrypoint: json!(["/usr/local/bin/pilot-discovery"]),
            user: ISTIO_USER,
            files: with_libraries(vec![(
                "usr/local/bin/pilot-discovery".into(),
                programs.istio().path("pilot-discovery"),
            )])?,
        },
        Image {
            name: "proxyv2",
            entrypoint: json!(["/usr/local/bin/pilot-agent"]),
            user: ISTIO_USER,
            files: proxy_files(programs, folder)?,
        },
    ];
    images.iter().map(|image| image.archive(folder)).collect()
}

/// Files of the image of a sidecar.
fn proxy_files(programs: &Programs, folder: &Path) -> Result<Vec<(String, PathBuf)>, String> {
    let text = fs::read_to_string(programs.istio().path("envoy_bootstrap.json"));
    let template = folder.join("bootstrap.json");
    // Stock Envoy lacks this extension.
    let text =
        text.expect("the template").replace("{{- if .metadata_discovery }}", "{{- if false }}");
    fs::write(&template, text).expect("the template");
    let passwd = folder.join("passwd");
    fs::write(&passwd, "root:x:0:0::/:/bin/sh\nistio-proxy:x:1337:1337::/:/bin/sh\n")
        .expect("users");
    let mut files = vec![
        ("usr/local/bin/pilot-agent".into(), programs.istio().path("pilot-agent")),
        ("usr/local/bin/envoy".into(), programs.istio().envoy().into()),
    ];
    for variant in ["nft", "legacy"] {
        let program = PathBuf::from(format!("/usr/sbin/xtables-{variant}-multi"));
        for family in ["iptables", "ip6tables"] {
            for command in ["", "-save", "-restore"] {
                files.push((format!("usr/sbin/{family}-{variant}{command}"), program.clone()));
                if variant == "nft" {
                    files.push((format!("usr/sbin/{family}{command}"), program.clone()));
                }
            }
        }
    }
    let mut files = with_libraries(files)?;
    files.extend(iptables_extensions()?);
    files.push(("var/lib/istio/envoy/envoy_bootstrap_tmpl.json".into(), template));
    files.push(("etc/passwd".into(), passwd));
    Ok(files)
}

/// Modules that iptables loads for its matches and targets.
fn iptables_extensions() -> Result<Vec<(String, PathBuf)>, String> {
    let folders = fs::read_dir("/usr/lib").expect("/usr/lib").flatten();
    let folder = folders.map(|entry| entry.path().join("xtables")).find(|path| path.exists());
    let folder = folder.ok_or("the extensions of iptables are missing")?;
    let files = fs::read_dir(folder).map_err(|error| error.to_string())?.flatten();
    Ok(files.map(|entry| in_image(&entry.path())).collect())
}

/// Adds the shared libraries of all programs.
fn with_libraries(programs: Vec<(String, PathBuf)>) -> Result<Vec<(String, PathBuf)>, String> {
    let distinct: BTreeSet<&PathBuf> = programs.iter().map(|(_, file)| file).collect();
    let mut libraries = BTreeSet::new();
    for program in distinct {
        let output = Command::new("ldd").arg(program).output();
        let output = output.map_err(|error| format!("ldd: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let path =
            |line: &str| line.split_whitespace().find(|w| w.starts_with('/')).map(PathBuf::from);
        libraries.extend(text.lines().filter_map(path));
    }
    Ok(programs.into_iter().chain(libraries.iter().map(|file| in_image(file))).collect())
}

/// File at the same path in the image.
fn in_image(file: &Path) -> (String, PathBuf) {
    (file.display().to_string().trim_start_matches('/').into(), file.into())
}

impl Image {
    /// Writes the image in the format of `docker save`.
    fn archive(&self, folder: &Path) -> Result<PathBuf, String> {
        let root = TempDir::new_in(folder).expect("a temporary folder");
        for (target, source) in &self.files {
            let target = root.path().join(target);
            fs::create_dir_all(target.parent().expect("a folder")).expect("a folder");
            symlink(source, target).expect("a link");
        }
        // The sidecar is not root and makes files here.
        fs::create_dir_all(root.path().join("tmp")).expect("a folder");
        let image = TempDir::new_in(folder).expect("a temporary folder");
        let layer = image.path().join("layer.tar");
        let tar = ["--dereference", "--owner=0", "--group=0", "--mode=a+rX", "-cf"];
        run(Command::new("tar").arg("-C").arg(root.path()).args(tar).arg(&layer).arg("."))?;
        let config = json!({
            "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" },
            "os": "linux",
            "config": {"Entrypoint": self.entrypoint, "User": self.user, "Env": [SEARCH_PATH]},
            "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", sha256(&layer)?)]},
        });
        let manifest = json!([{
            "Config": "config.json",
            "RepoTags": [format!("{HUB}/{}:{TAG}", self.name)],
            "Layers": ["layer.tar"],
        }]);
        fs::write(image.path().join("config.json"), config.to_string()).expect("the configuration");
        fs::write(image.path().join("manifest.json"), manifest.to_string()).expect("the manifest");
        let archive = folder.join(format!("{}.tar", self.name));
        run(Command::new("tar").arg("-C").arg(image.path()).arg("-cf").arg(&archive).arg("."))?;
        Ok(archive)
    }
}

fn sha256(file: &Path) -> Result<String, String> {
    let output = Command::new("sha256sum").arg(file).output();
    let output = output.map_err(|error| format!("sha256sum: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split(' ').next().map(Into::into).ok_or("no digest".into())
}
