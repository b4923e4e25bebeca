//! Retries by the caller's sidecar. Istio's default policy retries a gRPC call twice
//! if the reply is UNAVAILABLE.

use harness::client;
use harness::wait::eventually;
use tonic::transport::Endpoint;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::switching::assert_maintenance;
use mesh::Mesh;
use mesh::proxy::RETRY_STATISTICS;
use mesh::service::{CHANGE_TIMEOUT, Service, try_get};

const CALLS: u64 = 5;
const WITHOUT_HEADER: &str = r#"{"response":null}"#;

/// The shipped header `x-envoy-ratelimited` keeps the caller's sidecar from sending a
/// rejected gRPC call again. Without the header, each call arrives three times.
pub async fn a_rejected_call_is_sent_once(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    let caller = caller(mesh, &service, None).await;
    service.apply("standby");
    service.until_installed("maintenance-standby").await;
    service.patch_standby(r#"{"enabled":true}"#);
    assert_maintenance(&until_rejected(&caller, true).await, "300");
    assert_eq!(tries_of_calls(&service, &caller).await, CALLS, "gRPC, with the header");
    assert_eq!(tries_of_gets(&service, &caller).await, CALLS, "plain HTTP, with the header");

    service.patch_standby(WITHOUT_HEADER);
    assert_maintenance(&until_rejected(&caller, false).await, "300");
    assert_eq!(tries_of_calls(&service, &caller).await, 3 * CALLS, "gRPC, without the header");
    assert_eq!(tries_of_gets(&service, &caller).await, CALLS, "plain HTTP, without the header");
}

/// The header also stops a retry policy of the caller's own that retries each 503.
pub async fn a_retry_policy_for_503_is_stopped(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    let caller = caller(mesh, &service, Some("gateway-error")).await;
    service.apply("standby");
    service.until_installed("maintenance-standby").await;
    service.patch_standby(r#"{"enabled":true}"#);
    assert_maintenance(&until_rejected(&caller, true).await, "300");
    assert_eq!(tries_of_gets(&service, &caller).await, CALLS, "with the header");

    service.patch_standby(WITHOUT_HEADER);
    assert_maintenance(&until_rejected(&caller, false).await, "300");
    assert_eq!(tries_of_gets(&service, &caller).await, 3 * CALLS, "without the header");
}

/// Starts a service whose sidecar calls `service`. `retry_on` replaces the conditions
/// of the default retry policy.
async fn caller(mesh: &Mesh, service: &Service, retry_on: Option<&str>) -> Service {
    let mut caller = Service::without_proxy(&mesh.plane, &mesh.registry.image()).await;
    caller.environment.push(RETRY_STATISTICS);
    let (namespace, port) = (&caller.namespace, caller.outbound().port());
    caller.kubectl.apply(&format!(
        "{{apiVersion: networking.istio.io/v1, kind: ServiceEntry,
  metadata: {{name: other, namespace: {namespace}}},
  spec: {{hosts: [service.example], resolution: STATIC, location: MESH_INTERNAL,
    ports: [{{number: {port}, name: grpc, protocol: GRPC}}],
    endpoints: [{{address: 127.0.0.1, ports: {{grpc: {}}}}}]}}}}",
        service.address().port(),
    ));
    if let Some(retry_on) = retry_on {
        caller.kubectl.apply(&format!(
            "{{apiVersion: networking.istio.io/v1, kind: VirtualService,
  metadata: {{name: other, namespace: {namespace}}},
  spec: {{hosts: [service.example], http: [{{retries: {{attempts: 2, retryOn: {retry_on}}},
    route: [{{destination: {{host: service.example}}}}]}}]}}}}"
        ));
    }
    caller.start_proxy(&mesh.plane).await;
    caller
}

/// Waits until the reply to the caller is a rejection with or without the header.
async fn until_rejected(caller: &Service, with_header: bool) -> client::Answer {
    let rejected = async || {
        let answer = try_get(caller.outbound(), "/").await?;
        let has_header = answer.header("x-envoy-ratelimited") == "true";
        (answer.status == 503 && has_header == with_header).then_some(answer)
    };
    eventually("the caller's request is rejected", CHANGE_TIMEOUT, rejected).await
}

/// Makes gRPC calls that are rejected. Returns how many requests arrived.
async fn tries_of_calls(service: &Service, caller: &Service) -> u64 {
    tries(service, caller, "POST /grpc.health.v1.Health/Check ", async || {
        let status = call(caller).await.expect_err("the call fails during maintenance");
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    })
    .await
}

/// Sends plain requests that are rejected. Returns how many requests arrived.
async fn tries_of_gets(service: &Service, caller: &Service) -> u64 {
    tries(service, caller, "GET /orders ", async || {
        assert_maintenance(&client::get(caller.outbound(), "/orders").await, "300");
    })
    .await
}

/// Runs `send` several times. Returns how many requests the caller's sidecar sent, once
/// the access log of the service's sidecar has as many with `request`.
async fn tries(service: &Service, caller: &Service, request: &str, send: impl AsyncFn()) -> u64 {
    let arrived = || service.proxy().log().matches(request).count() as u64;
    let (retries_before, arrived_before) = (caller.proxy().retries().await, arrived());
    for _ in 0..CALLS {
        send().await;
    }
    let total = CALLS + caller.proxy().retries().await - retries_before;
    let all_arrived = async || (arrived() == arrived_before + total).then_some(());
    eventually(&format!("{total} requests arrive"), CHANGE_TIMEOUT, all_arrived).await;
    total
}

/// Calls the gRPC health service through the caller's sidecar.
async fn call(caller: &Service) -> Result<(), Status> {
    let endpoint = Endpoint::from_shared(format!("http://{}", caller.outbound()))
        .expect("an address")
        .origin("http://service.example".parse().expect("a URI"));
    let channel = endpoint.connect().await.expect("a connection");
    let request = HealthCheckRequest { service: String::new() };
    HealthClient::new(channel).check(request).await.map(|_| ())
}
