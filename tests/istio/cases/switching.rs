//! Switching maintenance on and off.

use harness::client::{self, Answer, Http, request};
use harness::upstream::BODY;
use harness::wait::eventually;
use hyper::header::{AUTHORIZATION, HeaderValue};
use serde_json::json;

use mesh::Mesh;
use mesh::service::{CHANGE_TIMEOUT, HEALTH_CHECK, Service};

pub async fn maintenance_mode_is_applied_and_deleted(mesh: &Mesh) {
    apply_and_delete(mesh, "maintenance-mode").await;
}

pub async fn traffic_extension_is_applied_and_deleted(mesh: &Mesh) {
    apply_and_delete(mesh, "traffic-extension").await;
}

async fn apply_and_delete(mesh: &Mesh, folder: &str) {
    let service = Service::start(mesh).await;
    assert_eq!(service.until_status(200).await.body, BODY);
    service.shipped.edit(folder, "retryAfterSeconds: 300", "retryAfterSeconds: 1800");

    service.apply(folder);
    assert_maintenance(&service.until_status(503).await, "1800");
    assert_only_the_health_check_is_forwarded(&service).await;

    service.delete(folder);
    assert_eq!(service.until_status(200).await.body, BODY);
}

/// Asserts that ten requests are rejected before the application, and that the health
/// check reaches the application.
async fn assert_only_the_health_check_is_forwarded(service: &Service) {
    let received = service.received("/");
    for _ in 0..10 {
        assert_maintenance(&service.get("/").await, "1800");
    }
    assert_eq!(service.received("/"), received, "a rejected request reached the application");
    assert_eq!(service.get(HEALTH_CHECK).await.body, BODY);
    assert_eq!(service.received(HEALTH_CHECK), 1);
}

pub async fn standby_is_patched(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    service.apply("standby");
    service.until_installed("maintenance-standby").await;
    assert_eq!(service.until_status(200).await.body, BODY);

    service.patch_standby(r#"{"enabled":true,"retryAfterSeconds":1800}"#);
    assert_maintenance(&service.until_status(503).await, "1800");
    assert_only_the_health_check_is_forwarded(&service).await;

    service.patch_standby(r#"{"enabled":false}"#);
    assert_eq!(service.until_status(200).await.body, BODY);

    // Applying the file overrides an earlier patch.
    service.patch_standby(r#"{"enabled":true}"#);
    service.until_status(503).await;
    service.apply("standby");
    assert_eq!(service.until_status(200).await.body, BODY);
}

pub async fn maintenance_mode_takes_precedence_over_standby(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    service.apply("standby");
    service.shipped.edit("maintenance-mode", "retryAfterSeconds: 300", "retryAfterSeconds: 77");
    service.apply("maintenance-mode");
    assert_maintenance(&service.until_status(503).await, "77");

    // With both plugins enabled, the filter that runs first answers. After its
    // deletion the other one answers.
    service.patch_standby(r#"{"enabled":true,"retryAfterSeconds":88}"#);
    let enabled = async || {
        let log = service.proxy().log();
        log.contains("maintenance is on: Retry-After 88 s").then_some(())
    };
    eventually("the standby plugin is enabled", CHANGE_TIMEOUT, enabled).await;
    assert_maintenance(&service.get("/").await, "77");
    service.delete("maintenance-mode");
    let answered = async || {
        let answer = service.get("/").await;
        assert_maintenance(&answer, answer.header("retry-after"));
        (answer.header("retry-after") == "88").then_some(())
    };
    eventually("the standby plugin answers", CHANGE_TIMEOUT, answered).await;

    service.patch_standby(r#"{"enabled":false}"#);
    assert_eq!(service.until_status(200).await.body, BODY);
}

/// Callers that the mesh does not authorize also get the maintenance reply.
pub async fn maintenance_goes_before_authorization(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    service.kubectl.apply(&format!(
        "{{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy,
  metadata: {{name: nobody, namespace: {}}}, spec: {{}}}}",
        service.namespace,
    ));
    service.until_status(403).await;
    service.apply("maintenance-mode");
    assert_maintenance(&service.until_status(503).await, "300");
    // An exemption from maintenance is no exemption from authorization.
    assert_eq!(service.get(HEALTH_CHECK).await.status, 403);
}

pub async fn maintenance_goes_before_the_check_of_a_token(mesh: &Mesh) {
    /// Public key of RFC 7517, appendix A.1.
    const KEYS: &str = r#"{"keys": [{"kty": "EC", "crv": "P-256", "kid": "1",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}"#;
    let service = Service::start(mesh).await;
    let authentication = json!({
        "apiVersion": "security.istio.io/v1",
        "kind": "RequestAuthentication",
        "metadata": {"name": "tokens", "namespace": service.namespace},
        "spec": {"jwtRules": [{"issuer": "issuer.example", "jwks": KEYS}]},
    });
    service.kubectl.apply(&authentication.to_string());
    let until_status = async |path: &str, status| {
        let answered = async || {
            let mut request = request("GET", path);
            request
                .headers_mut()
                .insert(AUTHORIZATION, HeaderValue::from_static("Bearer no-token"));
            let answer = client::send(service.address(), Http::One, request).await;
            (answer.status == status).then_some(answer)
        };
        eventually(&format!("{path} with a bad token gets {status}"), CHANGE_TIMEOUT, answered)
            .await
    };
    until_status("/", 401).await;
    service.apply("maintenance-mode");
    assert_maintenance(&until_status("/", 503).await, "300");
    until_status(HEALTH_CHECK, 401).await;
}

/// Asserts that a response is the shipped maintenance reply.
#[track_caller]
pub fn assert_maintenance(answer: &Answer, retry_after: &str) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.header("retry-after"), retry_after);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.body, maintenance_filter::limits::DEFAULT_BODY);
}
