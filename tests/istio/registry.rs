//! An OCI registry with the module in it.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use harness::client::{Body, Client, Http, request};
use harness::port;
use harness::process::Process;
use harness::wait::eventually;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use serde_json::json;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

const TIME_TO_START: Duration = Duration::from_secs(30);
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// Whom the registry lets in, when it is not open to all.
pub const USER: &str = "puller";
/// The password of [`USER`].
pub const PASSWORD: &str = "for-tests-only";
/// Both, as HTTP sends them.
const CREDENTIALS: &str = "Basic cHVsbGVyOmZvci10ZXN0cy1vbmx5";
/// The password's bcrypt hash, in the form of `htpasswd -B`.
const HTPASSWD: &str = "puller:$2b$04$NeQc0e3kXL0R9CvyvkEd8ev8gpif69oI0WIjpoZZBlMVBDtESM8vq\n";

/// A running registry that holds `maintenance-filter:0.1.0`.
pub struct Registry {
    process: Process,
    command: Command,
    address: SocketAddr,
    digest: String,
    folder: TempDir,
}

impl Registry {
    /// Starts a registry open to all.
    pub async fn start() -> Self {
        Self::launch("").await
    }

    /// Starts a registry that asks for [`USER`] and [`PASSWORD`], and calls
    /// itself `realm` when it does.
    pub async fn start_closed(realm: &str) -> Self {
        Self::launch(&format!("auth: {{htpasswd: {{realm: \"{realm}\", path: htpasswd}}}}\n")).await
    }

    async fn launch(auth: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let address = SocketAddr::from(([127, 0, 0, 1], port()));
        let config = format!(
            "version: 0.1\nhttp: {{addr: \"{address}\"}}\nstorage: {{filesystem: {{rootdirectory: store}}}}\n{auth}"
        );
        fs::write(folder.path().join("config.yml"), config).expect("the configuration");
        fs::write(folder.path().join("htpasswd"), HTPASSWD).expect("the passwords");
        let mut command = Command::new("docker-registry");
        command.current_dir(folder.path()).args(["serve", "config.yml"]);
        let log = folder.path().join("log");
        let process = Process::spawn("docker-registry", &mut command, &log);
        let mut registry = Self { process, command, address, digest: String::new(), folder };
        registry.ready().await;
        let module = fs::read(harness::plugin_wasm()).expect("the module");
        registry.digest = registry.push(&module, "0.1.0").await;
        registry
    }

    /// The address of the image, as manifests name it.
    pub fn image(&self) -> String {
        format!("oci://{}/maintenance-filter:0.1.0", self.address)
    }

    /// Adds another version of the module, the same but for a mark, and gives
    /// its address.
    pub async fn next_version(&self) -> String {
        let mut module = fs::read(harness::plugin_wasm()).expect("the module");
        // A custom section of 5 bytes: its name, of 4, and nothing in it.
        module.extend(b"\x00\x05\x04next");
        self.push(&module, "0.2.0").await;
        self.image().replace(":0.1.0", ":0.2.0")
    }

    /// The host and port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The digest of the image's manifest, in hex.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Stops it; what it holds stays.
    pub fn stop(&mut self) {
        self.process.stop();
    }

    /// Starts it anew at the same address.
    pub async fn start_again(&mut self) {
        let log = self.folder.path().join("log-again");
        self.process = Process::spawn("docker-registry", &mut self.command, &log);
        self.ready().await;
    }

    async fn ready(&self) {
        let answers = async || Client::connect(self.address, Http::One).await.ok().map(drop);
        eventually("the registry answers", TIME_TO_START, answers).await;
    }

    /// Puts the module in as `docker build` does for a file in a `FROM scratch`
    /// image, and gives the digest of the manifest.
    async fn push(&self, module: &[u8], tag: &str) -> String {
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
            let begun =
                self.send("POST", "/v2/maintenance-filter/blobs/uploads/", "", vec![]).await;
            let (_, upload) = begun.split_once("/v2/").expect("where to upload to");
            let place = format!("/v2/{upload}&digest={digest}");
            self.send("PUT", &place, "application/octet-stream", blob).await;
        }
        let digest = sha256(manifest.as_bytes());
        let place = format!("/v2/maintenance-filter/manifests/{tag}");
        self.send("PUT", &place, MANIFEST, manifest.into()).await;
        digest.trim_start_matches("sha256:").into()
    }

    /// Sends one request and gives the `Location` of the answer.
    async fn send(&self, method: &str, target: &str, kind: &str, body: Vec<u8>) -> String {
        let (mut head, _) = request(method, target).into_parts();
        head.headers.insert("content-type", kind.parse().expect("a content type"));
        head.headers.insert("authorization", CREDENTIALS.parse().expect("a header"));
        let body: Body = Full::new(Bytes::from(body)).boxed_unsync();
        let mut client = Client::connect(self.address, Http::One).await.expect("the registry");
        let answer = client.send(Request::from_parts(head, body)).await.expect("an answer");
        assert!((200..300).contains(&answer.status), "{method} {target}: {answer:?}");
        answer.header("location").into()
    }
}

/// A tar archive of `plugin.wasm`, compressed: the layer of the image.
fn layer(module: &[u8]) -> Vec<u8> {
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
        write!(text, "{byte:02x}").expect("a string takes all");
        text
    })
}
