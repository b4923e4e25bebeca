//! Connections that are open and idle when maintenance begins.

use harness::client::{Answer, Client, Http, request};
use harness::upstream::BODY;

use super::switching::assert_maintenance;
use mesh::Mesh;
use mesh::service::Service;

/// Istio replaces the listener. An open connection stays with the old listener,
/// which forwards one more request and then closes the connection.
pub async fn maintenance_mode_lets_an_open_connection_ask_once_more(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    let mut open = connect(&service).await;
    service.apply("maintenance-mode");
    service.until_status(503).await;

    let answer = get(&mut open).await;
    assert_eq!(answer.body, BODY);
    assert_eq!(answer.header("connection"), "close");
    assert!(open.send(request("GET", "/")).await.is_err(), "the connection is still open");
}

/// Istio replaces only the configuration of the filter, which also affects open
/// connections.
pub async fn standby_stops_an_open_connection_at_once(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    service.apply("standby");
    service.until_installed("maintenance-standby").await;
    let mut open = connect(&service).await;
    service.patch_standby(r#"{"enabled":true}"#);
    service.until_status(503).await;

    let received = service.received("/");
    let answer = get(&mut open).await;
    assert_maintenance(&answer, "300");
    assert_eq!(answer.header("connection"), "");
    assert_eq!(service.received("/"), received);
}

/// Opens a connection and sends a request that the application answers.
async fn connect(service: &Service) -> Client {
    let mut client = Client::connect(service.address(), Http::One).await.expect("a connection");
    let answer = get(&mut client).await;
    assert_eq!(answer.body, BODY);
    assert_eq!(answer.header("connection"), "");
    client
}

async fn get(client: &mut Client) -> Answer {
    client.send(request("GET", "/")).await.expect("a response")
}
