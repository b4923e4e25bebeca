//! OCI registry that holds the module.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use harness::client::{Body, Client, Http, request};
use harness::port;
use harness::wait::eventually;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use serde_json::json;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::daemon::Daemon;
use crate::image;

const START_TIMEOUT: Duration = Duration::from_secs(30);
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// User name for a registry that requires authentication.
pub const USER: &str = "puller";
/// Password of [`USER`].
pub const PASSWORD: &str = "for-tests-only";
/// User name and password as an `authorization` header.
const CREDENTIALS: &str = "Basic cHVsbGVyOmZvci10ZXN0cy1vbmx5";
/// Password file in the format of `htpasswd -B`.
const HTPASSWD: &str = "puller:$2b$04$NeQc0e3kXL0R9CvyvkEd8ev8gpif69oI0WIjpoZZBlMVBDtESM8vq\n";

/// Running registry that holds the built image as `maintenance-filter:0.1.0`.
pub struct Registry {
    daemon: Daemon,
    address: SocketAddr,
    digest: String,
    _folder: TempDir,
}

impl Registry {
    /// Starts a registry without authentication.
    pub async fn start() -> Self {
        Self::start_at(Ipv4Addr::LOCALHOST).await
    }

    /// Starts a registry without authentication at an address of this machine.
    pub async fn start_at(address: Ipv4Addr) -> Self {
        Self::launch(address, "").await
    }

    /// Starts a registry that requires [`USER`] and [`PASSWORD`] and announces
    /// `realm` in its challenge.
    pub async fn start_with_authentication(realm: &str) -> Self {
        let auth = format!("auth: {{htpasswd: {{realm: \"{realm}\", path: htpasswd}}}}\n");
        Self::launch(Ipv4Addr::LOCALHOST, &auth).await
    }

    async fn launch(address: Ipv4Addr, auth: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let address = SocketAddr::from((address, port()));
        let config = format!(
            "version: 0.1\nhttp: {{addr: \"{address}\"}}\nstorage: {{filesystem: {{rootdirectory: store}}}}\n{auth}"
        );
        fs::write(folder.path().join("config.yml"), config).expect("the configuration");
        fs::write(folder.path().join("htpasswd"), HTPASSWD).expect("the passwords");
        let mut command = Command::new("docker-registry");
        command.current_dir(folder.path()).args(["serve", "config.yml"]);
        let daemon = Daemon::start("docker-registry", command, folder.path().join("registry.log"));
        let mut registry = Self { daemon, address, digest: String::new(), _folder: folder };
        registry.wait_until_ready().await;
        let target = registry.image();
        let target = target.trim_start_matches("oci://");
        let digest = image::push(image::archive(), target, &format!("{USER}:{PASSWORD}"));
        registry.digest = digest.trim_start_matches("sha256:").into();
        registry
    }

    /// Address of the image as it is written in manifests.
    pub fn image(&self) -> String {
        format!("oci://{}/maintenance-filter:0.1.0", self.address)
    }

    /// Pushes a second version of the module and returns its address.
    pub async fn push_next_version(&self) -> String {
        self.push_version("0.2.0").await
    }

    /// Pushes a [`version`] of the module and returns its address.
    pub async fn push_version(&self, tag: &str) -> String {
        self.push_module(&version(tag), tag).await
    }

    /// Pushes a module under a tag and returns the address of the image.
    pub async fn push_module(&self, module: &[u8], tag: &str) -> String {
        self.push(module, tag).await;
        self.image().replace(":0.1.0", &format!(":{tag}"))
    }

    /// Everything the registry has printed since it started, which includes a line for
    /// each response.
    pub fn log(&self) -> String {
        self.daemon.log()
    }

    /// Host and port of the registry.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Address of the image, with its digest.
    pub fn pinned_image(&self) -> String {
        format!("{}@sha256:{}", self.image(), self.digest)
    }

    /// Digest of the image's manifest, in hex.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Stops the registry. Its content is kept.
    pub fn stop(&mut self) {
        self.daemon.stop();
    }

    /// Starts the registry again at the same address.
    pub async fn restart(&mut self) {
        self.daemon.start_again();
        self.wait_until_ready().await;
    }

    async fn wait_until_ready(&self) {
        let connected = async || Client::connect(self.address, Http::One).await.ok().map(drop);
        eventually("the registry answers", START_TIMEOUT, connected).await;
    }

    /// Pushes an image with the module as its only file, like a `FROM scratch`
    /// image of `docker build`.
    async fn push(&self, module: &[u8], tag: &str) {
        let layer = layer(module);
        let config = b"{}".to_vec();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "size": config.len(), "digest": sha256(&config)},
            "layers": [{"mediaType": LAYER, "size": layer.len(), "digest": sha256(&layer)}],
        })
        .to_string();
        for blob in [config, layer] {
            let digest = sha256(&blob);
            let location =
                self.send("POST", "/v2/maintenance-filter/blobs/uploads/", "", vec![]).await;
            let (_, upload) = location.split_once("/v2/").expect("an upload location");
            let target = format!("/v2/{upload}&digest={digest}");
            self.send("PUT", &target, "application/octet-stream", blob).await;
        }
        let target = format!("/v2/maintenance-filter/manifests/{tag}");
        self.send("PUT", &target, MANIFEST, manifest.into()).await;
    }

    /// Sends a request, asserts success, and returns the `Location` header.
    async fn send(&self, method: &str, target: &str, content_type: &str, body: Vec<u8>) -> String {
        let (mut head, _) = request(method, target).into_parts();
        head.headers.insert("content-type", content_type.parse().expect("a content type"));
        head.headers.insert("authorization", CREDENTIALS.parse().expect("a header"));
        let body: Body = Full::new(Bytes::from(body)).boxed_unsync();
        let mut client = Client::connect(self.address, Http::One).await.expect("the registry");
        let answer = client.send(Request::from_parts(head, body)).await.expect("a response");
        assert!((200..300).contains(&answer.status), "{method} {target}: {answer:?}");
        answer.header("location").into()
    }
}

/// The module with an additional custom section, which is named after `tag`.
pub fn version(tag: &str) -> Vec<u8> {
    let mut module = fs::read(harness::plugin_wasm()).expect("the module");
    let length = u8::try_from(tag.len()).expect("a short tag");
    // Section id 0 (custom), size, name length, name, no content.
    module.extend([0, length + 1, length]);
    module.extend(tag.as_bytes());
    module
}

/// Image layer: a gzipped tar archive of `plugin.wasm`.
pub fn layer(module: &[u8]) -> Vec<u8> {
    let folder = TempDir::new().expect("a temporary folder");
    fs::write(folder.path().join("plugin.wasm"), module).expect("the module");
    let mut tar = Command::new("tar");
    let output = tar.arg("-C").arg(folder.path()).args(["-cz", "plugin.wasm"]).output();
    output.expect("tar runs").stdout
}

fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let digest = Sha256::digest(bytes);
    digest.iter().fold(String::from("sha256:"), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string succeeds");
        text
    })
}
