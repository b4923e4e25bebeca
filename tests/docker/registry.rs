//! OCI registry in a container, over plain HTTP.

use std::fs;
use std::time::Duration;

use harness::client::{Client, Http, request};
use harness::container::Container;
use harness::wait::eventually;
use tempfile::TempDir;

use crate::support::{command, docker, image_of, run};

const CONFIGURATION: &str = "version: 0.1\nstorage: { inmemory: {} }\nhttp: { addr: \":5000\" }\n";

/// Running registry. Dropping it removes the container.
pub struct Registry {
    _container: Container,
    _folder: TempDir,
    address: String,
}

impl Registry {
    /// Starts a registry and waits until it answers.
    pub async fn start() -> Self {
        let folder = TempDir::new().expect("a folder");
        let container = Container::of(folder.path());
        let file = folder.path().join("registry.yaml");
        fs::write(&file, CONFIGURATION).expect("the configuration written");
        let mount = format!("type=bind,source={},target=/registry.yaml,readonly", file.display());
        let arguments = ["--publish", "127.0.0.1::5000", "--mount", &mount, "--entrypoint"];
        let program = ["registry", &image_of("REGISTRY_IMAGE"), "serve", "/registry.yaml"];
        let name = container.name();
        let start = ["run", "--detach", "--rm", "--name", name];
        run(command("docker", &start).args(arguments).args(program));
        let address = docker(&["port", name, "5000"]).trim().to_owned();
        let socket = address.parse().expect("an address");
        let up = async || {
            let mut client = Client::connect(socket, Http::One).await.ok()?;
            let answer = client.send(request("GET", "/v2/")).await.ok()?;
            (answer.status == 200).then_some(())
        };
        eventually("the registry answers", Duration::from_secs(30), up).await;
        Self { _container: container, _folder: folder, address }
    }

    /// Name of the module's image in this registry.
    pub fn image_name(&self, tag: &str) -> String {
        format!("{}/maintenance-filter:{tag}", self.address)
    }
}
