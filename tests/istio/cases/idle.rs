//! Connections that were open, and idle, when maintenance began.

use harness::client::{Answer, Client, Http, request};
use harness::upstream::BODY;

use super::switching::is_maintenance;
use crate::mesh::Mesh;
use crate::service::Service;

/// The listener is replaced: an open connection stays with the old one, which
/// answers one more request and closes it.
pub async fn maintenance_mode_lets_an_open_connection_ask_once_more(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    let mut open = connection(&service).await;
    service.apply("maintenance-mode");
    service.until(503).await;

    let answer = ask(&mut open).await;
    assert_eq!(answer.body, BODY);
    assert_eq!(answer.header("connection"), "close");
    assert!(open.send(request("GET", "/")).await.is_err(), "the connection is still open");
}

/// Only the filter's configuration is replaced, for all connections.
pub async fn standby_stops_an_open_connection_at_once(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    service.apply("standby");
    service.until_installed("maintenance-standby").await;
    let mut open = connection(&service).await;
    service.patch_standby(r#"{"enabled":true}"#);
    service.until(503).await;

    let reached = service.reached("/");
    let answer = ask(&mut open).await;
    is_maintenance(&answer, "300");
    assert_eq!(answer.header("connection"), "");
    assert_eq!(service.reached("/"), reached);
}

async fn connection(service: &Service) -> Client {
    let mut client = Client::connect(service.address(), Http::One).await.expect("a connection");
    let answer = ask(&mut client).await;
    assert_eq!(answer.body, BODY);
    assert_eq!(answer.header("connection"), "");
    client
}

async fn ask(client: &mut Client) -> Answer {
    client.send(request("GET", "/")).await.expect("an answer")
}
