//! Fetching of the module from a registry, and behaviour when the fetch fails.

use harness::upstream::BODY;
use harness::wait::eventually;

use super::switching::assert_maintenance;
use mesh::Mesh;
use mesh::registry::{PASSWORD, Registry, USER};
use mesh::service::{CHANGE_TIMEOUT, HEALTH_CHECK, Service};
use mesh::shipped::Shipped;

const NO_DIGEST: &str = "  # sha256: \"...\"";
const ACCESS_DENIED: &[u8] = b"RBAC: access denied";

pub async fn the_digest_of_the_manifest_is_checked(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    let digest = format!("  sha256: \"{}\"", mesh.registry.digest());
    service.shipped.edit("maintenance-mode", NO_DIGEST, &digest);
    service.apply("maintenance-mode");
    assert_maintenance(&service.until_status(503).await, "300");
}

/// With the digest that `make istio-image` writes, the agent pulls the same module after
/// somebody has moved the tag.
pub async fn a_moved_tag_changes_nothing(mesh: &Mesh) {
    let registry = Registry::start().await;
    let service = start_with_registry(mesh, &registry).await;
    let shipped = Shipped::with_image_by_script(&registry.image());
    registry.push_module(b"another module", "0.1.0").await;
    let folder = shipped.folder("maintenance-mode");
    service.kubectl.run(&["apply", "-n", &service.namespace, "-f", &folder]);
    assert_maintenance(&service.until_status(503).await, "300");
    let pull = format!("/v2/maintenance-filter/manifests/sha256:{}", registry.digest());
    assert!(registry.log().contains(&pull), "the agent does not pull by the digest");
}

/// A wrong digest makes the proxy reject every request with 403, including the load
/// balancer's health check.
pub async fn a_wrong_digest_closes_maintenance_mode(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    let digest = format!("  sha256: \"{}\"", "0".repeat(64));
    service.shipped.edit("maintenance-mode", NO_DIGEST, &digest);
    service.apply("maintenance-mode");
    assert_closed(&service).await;
    let log = service.proxy().log();
    let actual = mesh.registry.digest();
    let reason = format!("has checksum {actual}, which does not match: {}", "0".repeat(64));
    assert!(log.contains(&reason), "the agent does not log the reason");
    service.delete("maintenance-mode");
    assert_eq!(service.until_status(200).await.body, BODY);
}

pub async fn a_wrong_digest_in_the_url_closes_maintenance_mode(mesh: &Mesh) {
    let image = format!("{}@sha256:{}", mesh.registry.image(), "0".repeat(64));
    let mut service = Service::without_proxy(&mesh.plane, &image).await;
    service.start_proxy(&mesh.plane).await;
    service.apply("maintenance-mode");
    assert_closed(&service).await;
}

/// While the registry is down, the proxy rejects every request. The agent retries
/// only after a change of the plugin.
pub async fn without_a_registry_maintenance_mode_is_closed(mesh: &Mesh) {
    let mut registry = Registry::start().await;
    let service = start_with_registry(mesh, &registry).await;
    registry.stop();
    service.apply("maintenance-mode");
    assert_closed(&service).await;

    registry.restart().await;
    service.shipped.edit("maintenance-mode", "retryAfterSeconds: 300", "retryAfterSeconds: 301");
    service.apply("maintenance-mode");
    assert_maintenance(&service.until_status(503).await, "301");
    assert_eq!(service.get(HEALTH_CHECK).await.body, BODY);
}

/// While the registry is down, the proxy forwards every request, even with
/// maintenance enabled.
pub async fn without_a_registry_standby_is_open(mesh: &Mesh) {
    let mut registry = Registry::start().await;
    let service = start_with_registry(mesh, &registry).await;
    registry.stop();
    service.apply("standby");
    service.until_installed("maintenance-standby").await;
    assert_eq!(service.get("/").await.body, BODY);
    let failures = service.failed_fetches();
    service.patch_standby(r#"{"enabled":true}"#);
    let retried = async || (service.failed_fetches() > failures).then_some(());
    eventually("the agent retries", CHANGE_TIMEOUT, retried).await;
    assert_eq!(service.get("/").await.body, BODY);

    registry.restart().await;
    service.patch_standby(r#"{"retryAfterSeconds":301}"#);
    assert_maintenance(&service.until_status(503).await, "301");
}

/// A new pod has no cached module, so it rejects every request.
pub async fn a_pod_that_starts_without_a_registry_is_closed(mesh: &Mesh) {
    let mut registry = Registry::start().await;
    let mut service = Service::without_proxy(&mesh.plane, &registry.image()).await;
    service.apply("maintenance-mode");
    registry.stop();
    service.start_proxy(&mesh.plane).await;
    assert_closed(&service).await;
    service.application.assert_untouched();
}

/// The agent serves a cached module without the registry.
pub async fn a_pulled_module_needs_no_registry(mesh: &Mesh) {
    let mut registry = Registry::start().await;
    let service = start_with_registry(mesh, &registry).await;
    service.apply("standby");
    service.until_installed("maintenance-standby").await;
    registry.stop();
    service.patch_standby(r#"{"enabled":true}"#);
    assert_maintenance(&service.until_status(503).await, "300");
    service.apply("maintenance-mode");
    service.until_filter("maintenance-mode").await;
    assert_maintenance(&service.get("/").await, "300");
}

/// The agent removes a module from its cache a day after the last change that used
/// the module.
pub async fn a_forgotten_module_needs_the_registry_again(mesh: &Mesh) {
    let mut registry = Registry::start().await;
    let mut service = Service::without_proxy(&mesh.plane, &registry.image()).await;
    // The defaults are 24 hours and one hour.
    service.environment = vec![("WASM_MODULE_EXPIRY", "1ms"), ("WASM_PURGE_INTERVAL", "200ms")];
    service.start_proxy(&mesh.plane).await;
    service.apply("standby");
    service.until_installed("maintenance-standby").await;
    registry.stop();
    let expired = async || {
        let page = service.proxy().metrics().await;
        page.lines().any(|line| line == "istio_agent_wasm_cache_entries 0").then_some(())
    };
    eventually("the agent removes the module from its cache", CHANGE_TIMEOUT, expired).await;
    let failures = service.failed_fetches();
    service.patch_standby(r#"{"enabled":true}"#);
    let retried = async || (service.failed_fetches() > failures).then_some(());
    eventually("the agent tries to fetch the module", CHANGE_TIMEOUT, retried).await;
    assert_eq!(service.get("/").await.body, BODY);
}

/// With a registry that requires a password, the proxy rejects every request until
/// the plugin names a pull secret.
pub async fn a_pull_secret_opens_a_closed_registry(mesh: &Mesh) {
    let registry = Registry::start_with_authentication("https://registry.example/").await;
    let service = start_with_registry(mesh, &registry).await;
    service.apply("maintenance-mode");
    assert_closed(&service).await;
    apply_with_secret(&service, &registry);
    assert_maintenance(&service.until_status(503).await, "300");
}

/// Istio 1.31 interprets the realm of a registry as a URL and rejects a realm that
/// is not one.
pub async fn a_registry_whose_realm_is_not_a_url_is_rejected(mesh: &Mesh) {
    let registry = Registry::start_with_authentication("the registry").await;
    let service = start_with_registry(mesh, &registry).await;
    apply_with_secret(&service, &registry);
    assert_closed(&service).await;
    assert!(service.proxy().log().contains("rejected unsafe bearer realm"));
}

/// Starts a service that fetches the module from `registry`.
async fn start_with_registry(mesh: &Mesh, registry: &Registry) -> Service {
    let mut service = Service::without_proxy(&mesh.plane, &registry.image()).await;
    service.start_proxy(&mesh.plane).await;
    service
}

/// Applies `maintenance-mode` with a pull secret, as the README describes.
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

/// Waits until the proxy rejects every request with 403, and asserts that none
/// reaches the application.
async fn assert_closed(service: &Service) {
    assert_eq!(service.until_status(403).await.body, ACCESS_DENIED);
    let received = service.application.requests().len();
    for path in ["/", HEALTH_CHECK] {
        let answer = service.get(path).await;
        assert_eq!((answer.status, &answer.body[..]), (403, ACCESS_DENIED), "{path}");
        assert_eq!(answer.header("retry-after"), "");
    }
    assert_eq!(service.application.requests().len(), received);
}
