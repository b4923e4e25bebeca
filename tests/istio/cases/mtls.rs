//! Callers with a workload certificate from istiod.

use harness::client;
use harness::upstream::BODY;
use harness::wait::eventually;

use super::switching::is_maintenance;
use crate::mesh::Mesh;
use crate::service::{HEALTH_CHECK, Service, TIME_TO_CHANGE, try_get};

/// From sidecar to sidecar, where only mutual TLS is let in.
pub async fn maintenance_reaches_callers_through_mutual_tls(mesh: &Mesh) {
    let (service, caller) = (Service::start(mesh).await, Service::start(mesh).await);
    service.mutual_tls("STRICT");
    caller.reaches(service.address());
    caller.kubectl.apply(&format!(
        "{{apiVersion: networking.istio.io/v1, kind: DestinationRule,
  metadata: {{name: other, namespace: {}}},
  spec: {{host: service.example, trafficPolicy: {{tls: {{mode: ISTIO_MUTUAL,
    subjectAltNames: ['spiffe://cluster.local/ns/{}/sa/default']}}}}}}}}",
        caller.namespace, service.namespace,
    ));
    let through = async |status| {
        let answered = async || {
            let answer = try_get(caller.outbound(), "/").await?;
            (answer.status == status).then_some(answer)
        };
        eventually(&format!("{status} by mutual TLS"), TIME_TO_CHANGE, answered).await
    };
    let refused = async || try_get(service.address(), "/").await.is_none().then_some(());
    eventually("plain text is refused", TIME_TO_CHANGE, refused).await;
    assert_eq!(through(200).await.body, BODY);

    service.apply("maintenance-mode");
    is_maintenance(&through(503).await, "300");
    assert_eq!(client::get(caller.outbound(), HEALTH_CHECK).await.body, BODY);
    service.delete("maintenance-mode");
    assert_eq!(through(200).await.body, BODY);
}
