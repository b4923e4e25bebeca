//! Maintenance for callers that use mutual TLS.

use harness::client;
use harness::upstream::BODY;
use harness::wait::eventually;

use super::switching::assert_maintenance;
use mesh::Mesh;
use mesh::service::{CHANGE_TIMEOUT, HEALTH_CHECK, Service, try_get};

/// A sidecar calls another sidecar that accepts only mutual TLS.
pub async fn maintenance_reaches_callers_through_mutual_tls(mesh: &Mesh) {
    let (service, caller) = (Service::start(mesh).await, Service::start(mesh).await);
    service.set_mutual_tls("STRICT");
    caller.route_outbound_to(service.address());
    caller.kubectl.apply(&format!(
        "{{apiVersion: networking.istio.io/v1, kind: DestinationRule,
  metadata: {{name: other, namespace: {}}},
  spec: {{host: service.example, trafficPolicy: {{tls: {{mode: ISTIO_MUTUAL,
    subjectAltNames: ['spiffe://cluster.local/ns/{}/sa/default']}}}}}}}}",
        caller.namespace, service.namespace,
    ));
    let until_status = async |status| {
        let answered = async || {
            let answer = try_get(caller.outbound(), "/").await?;
            (answer.status == status).then_some(answer)
        };
        eventually(&format!("the caller gets {status} over mutual TLS"), CHANGE_TIMEOUT, answered)
            .await
    };
    let refused = async || try_get(service.address(), "/").await.is_none().then_some(());
    eventually("connections without TLS are refused", CHANGE_TIMEOUT, refused).await;
    assert_eq!(until_status(200).await.body, BODY);

    service.apply("maintenance-mode");
    assert_maintenance(&until_status(503).await, "300");
    assert_eq!(client::get(caller.outbound(), HEALTH_CHECK).await.body, BODY);
    service.delete("maintenance-mode");
    assert_eq!(until_status(200).await.body, BODY);
}
