//! Where the module comes from, and what happens when it does not come.

use harness::upstream::BODY;
use harness::wait::eventually;

use super::switching::is_maintenance;
use crate::mesh::Mesh;
use crate::registry::{PASSWORD, Registry, USER};
use crate::service::{HEALTH_CHECK, Service, TIME_TO_CHANGE};

const NO_DIGEST: &str = "  # sha256: \"...\"";
const REFUSED: &[u8] = b"RBAC: access denied";

pub async fn the_digest_of_the_manifest_is_checked(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    let digest = format!("  sha256: \"{}\"", mesh.registry.digest());
    service.shipped.edit("maintenance-mode", NO_DIGEST, &digest);
    service.apply("maintenance-mode");
    is_maintenance(&service.until(503).await, "300");
}

/// Closed: all is refused with 403, the load balancer's check included.
pub async fn a_wrong_digest_closes_maintenance_mode(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    let digest = format!("  sha256: \"{}\"", "0".repeat(64));
    service.shipped.edit("maintenance-mode", NO_DIGEST, &digest);
    service.apply("maintenance-mode");
    is_closed(&service).await;
    let log = service.proxy().log();
    let actual = mesh.registry.digest();
    let reason = format!("has checksum {actual}, which does not match: {}", "0".repeat(64));
    assert!(log.contains(&reason), "the agent does not say why");
    service.delete("maintenance-mode");
    assert_eq!(service.until(200).await.body, BODY);
}

/// Closed while the registry is down; it takes a change of the plugin to try again.
pub async fn without_a_registry_maintenance_mode_is_closed(mesh: &Mesh) {
    let mut registry = Registry::start().await;
    let service = with_registry(mesh, &registry).await;
    registry.stop();
    service.apply("maintenance-mode");
    is_closed(&service).await;

    registry.start_again().await;
    service.shipped.edit("maintenance-mode", "retryAfterSeconds: 300", "retryAfterSeconds: 301");
    service.apply("maintenance-mode");
    is_maintenance(&service.until(503).await, "301");
    assert_eq!(service.get(HEALTH_CHECK).await.body, BODY);
}

/// Open while the registry is down, also when switched on.
pub async fn without_a_registry_standby_is_open(mesh: &Mesh) {
    let mut registry = Registry::start().await;
    let service = with_registry(mesh, &registry).await;
    registry.stop();
    service.apply("standby");
    service.until_installed("maintenance-standby").await;
    assert_eq!(service.get("/").await.body, BODY);
    let tried = service.failed_fetches();
    service.patch_standby(r#"{"enabled":true}"#);
    let again = async || (service.failed_fetches() > tried).then_some(());
    eventually("the agent has tried again", TIME_TO_CHANGE, again).await;
    assert_eq!(service.get("/").await.body, BODY);

    registry.start_again().await;
    service.patch_standby(r#"{"retryAfterSeconds":301}"#);
    is_maintenance(&service.until(503).await, "301");
}

/// A new pod has pulled nothing yet.
pub async fn a_pod_that_starts_without_a_registry_is_closed(mesh: &Mesh) {
    let mut registry = Registry::start().await;
    let mut service = Service::without_proxy(&mesh.plane, &registry.image()).await;
    service.apply("maintenance-mode");
    registry.stop();
    service.start_proxy(&mesh.plane).await;
    is_closed(&service).await;
    assert!(service.application.requests().is_empty());
}

/// What the agent has pulled it needs no registry for.
pub async fn a_pulled_module_needs_no_registry(mesh: &Mesh) {
    let mut registry = Registry::start().await;
    let service = with_registry(mesh, &registry).await;
    service.apply("standby");
    service.until_installed("maintenance-standby").await;
    registry.stop();
    service.patch_standby(r#"{"enabled":true}"#);
    is_maintenance(&service.until(503).await, "300");
    service.apply("maintenance-mode");
    service.until_filter("maintenance-mode").await;
    is_maintenance(&service.get("/").await, "300");
}

/// The agent forgets a module that no change has asked for in a day.
pub async fn a_forgotten_module_needs_the_registry_again(mesh: &Mesh) {
    let mut registry = Registry::start().await;
    let mut service = Service::without_proxy(&mesh.plane, &registry.image()).await;
    // A day and an hour in production.
    service.settings = vec![("WASM_MODULE_EXPIRY", "1ms"), ("WASM_PURGE_INTERVAL", "200ms")];
    service.start_proxy(&mesh.plane).await;
    service.apply("standby");
    service.until_installed("maintenance-standby").await;
    registry.stop();
    let forgotten = async || {
        let page = service.proxy().metrics().await;
        page.lines().any(|line| line == "istio_agent_wasm_cache_entries 0").then_some(())
    };
    eventually("the agent has forgotten the module", TIME_TO_CHANGE, forgotten).await;
    let tried = service.failed_fetches();
    service.patch_standby(r#"{"enabled":true}"#);
    let again = async || (service.failed_fetches() > tried).then_some(());
    eventually("the agent has asked the registry", TIME_TO_CHANGE, again).await;
    assert_eq!(service.get("/").await.body, BODY);
}

/// A registry with a password: closed without the secret, fine with it.
pub async fn a_pull_secret_opens_a_closed_registry(mesh: &Mesh) {
    let registry = Registry::start_closed("https://registry.example/").await;
    let service = with_registry(mesh, &registry).await;
    service.apply("maintenance-mode");
    is_closed(&service).await;
    apply_with_secret(&service, &registry);
    is_maintenance(&service.until(503).await, "300");
}

/// Istio 1.31 takes a realm for an address, and will not go to one that is none.
pub async fn a_registry_whose_realm_is_no_address_is_of_no_use(mesh: &Mesh) {
    let registry = Registry::start_closed("the registry").await;
    let service = with_registry(mesh, &registry).await;
    apply_with_secret(&service, &registry);
    is_closed(&service).await;
    assert!(service.proxy().log().contains("rejected unsafe bearer realm"));
}

async fn with_registry(mesh: &Mesh, registry: &Registry) -> Service {
    let mut service = Service::without_proxy(&mesh.plane, &registry.image()).await;
    service.start_proxy(&mesh.plane).await;
    service
}

/// Applies maintenance-mode with a pull secret, as the README says.
fn apply_with_secret(service: &Service, registry: &Registry) {
    let server = format!("--docker-server={}", registry.address());
    let user = format!("--docker-username={USER}");
    let password = format!("--docker-password={PASSWORD}");
    let create = ["create", "secret", "docker-registry", "registry", "-n", &service.namespace];
    service.kubectl.run(&[&create[..], &[&server, &user, &password]].concat());
    let with_secret = "imagePullPolicy: IfNotPresent\n  imagePullSecret: registry";
    service.shipped.edit("maintenance-mode", "imagePullPolicy: IfNotPresent", with_secret);
    service.apply("maintenance-mode");
}

/// The proxy refuses everything, and the application sees nothing of it.
async fn is_closed(service: &Service) {
    assert_eq!(service.until(403).await.body, REFUSED);
    let reached = service.application.requests().len();
    for path in ["/", HEALTH_CHECK] {
        let answer = service.get(path).await;
        assert_eq!((answer.status, &answer.body[..]), (403, REFUSED), "{path}");
        assert_eq!(answer.header("retry-after"), "");
    }
    assert_eq!(service.application.requests().len(), reached);
}
