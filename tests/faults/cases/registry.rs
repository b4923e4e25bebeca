//! The registry, while the agent pulls the module.

use std::fs;
use std::time::{Duration, Instant};

use harness::wait::eventually;
use mesh::Mesh;
use mesh::registry::{layer, version};
use mesh::service::{CHANGE_TIMEOUT, HEALTH_CHECK};
use mesh::shipped::files;

use crate::faulty_registry::{Fault, FaultyRegistry};
use crate::record::{CLOSED, MAINTENANCE, Outcome};
use crate::stage::Stage;

/// Time after which the agent gives up a pull.
const PULL_TIMEOUT: Duration = Duration::from_secs(30);

pub async fn it_is_cut_off_in_a_pull(mesh: &mut Mesh) {
    let mut registry = FaultyRegistry::start(mesh.registry.address(), Fault::Slow).await;
    let stage = Stage::with_image(mesh, &registry.image("0.1.0")).await;
    let started = Instant::now();
    stage.service.apply("maintenance-mode");
    let pulled = async || (registry.layers() == 1).then_some(());
    eventually("the agent pulls the layer", CHANGE_TIMEOUT, pulled).await;
    registry.cut_off().await;
    let to_closed = until_closed(&stage, started, "unexpected EOF").await;

    registry.set(Fault::None);
    registry.start_again().await;
    finish(stage, "registry::it_is_cut_off_in_a_pull", to_closed).await;
}

pub async fn it_sends_1_byte_a_second(mesh: &mut Mesh) {
    let reason = "context deadline exceeded";
    let to_closed = pull(mesh, "it_sends_1_byte_a_second", Fault::Slow, reason).await;
    assert!(to_closed >= PULL_TIMEOUT, "{to_closed:?}");
}

pub async fn it_sends_half_a_layer(mesh: &mut Mesh) {
    pull(mesh, "it_sends_half_a_layer", Fault::HalfLayer, "unexpected EOF").await;
}

/// The agent compares the digest of the manifest alone: it stops to read the layer at
/// the end of the module, and checks the digest of a layer only at the end of the layer.
pub async fn it_sends_another_layer(mesh: &mut Mesh) {
    let other = version("other");
    let fault = Fault::OtherLayer(layer(&other).into());
    let registry = FaultyRegistry::start(mesh.registry.address(), fault).await;
    let stage = Stage::with_image(mesh, &registry.image("0.1.0")).await;
    let digest = format!("  sha256: \"{}\"", mesh.registry.digest());
    stage.service.shipped.edit("maintenance-mode", "  # sha256: \"...\"", &digest);
    stage.service.apply("maintenance-mode");
    stage.assert_in_force().await;
    let modules = files(&stage.service.proxy().module_folder());
    let modules: Vec<_> = modules.iter().map(|file| fs::read(file).expect("a module")).collect();
    assert!(modules == [other], "the agent has another module");
    stage.assert_delete_ends_it().await;
    stage.finish("registry::it_sends_another_layer", &[]).await.assert_undisturbed();
}

pub async fn it_answers_500(mesh: &mut Mesh) {
    let reason = "unexpected status code 500";
    pull(mesh, "it_answers_500", Fault::Status500, reason).await;
}

/// A new version that cannot be pulled closes `maintenance-mode`, and ends the
/// maintenance of `standby`.
pub async fn an_upgrade_without_it_ends_standby(mesh: &mut Mesh) {
    let mut registry = FaultyRegistry::start(mesh.registry.address(), Fault::None).await;
    let stage = Stage::with_image(mesh, &registry.image("0.1.0")).await;
    mesh.registry.push_next_version().await;
    let url = format!(r#"{{"spec":{{"url":"{}"}}}}"#, registry.image("0.2.0"));

    stage.service.apply("maintenance-mode");
    stage.assert_in_force().await;
    registry.cut_off().await;
    stage.service.patch("maintenance-mode", &url);
    stage.assert_shut(&CLOSED).await;
    registry.start_again().await;
    stage.delete().await;

    stage.service.apply("standby");
    stage.service.until_filter("maintenance-standby").await;
    stage.service.patch_standby(r#"{"enabled":true}"#);
    stage.assert_in_force().await;
    registry.cut_off().await;
    let received = stage.received();
    stage.service.patch("maintenance-standby", &url);
    stage.clients.until_all(&Outcome::Application).await;
    assert!(stage.received() > received);
    registry.start_again().await;
    stage.service.patch_standby(r#"{"retryAfterSeconds":301}"#);
    stage.assert_shut(&Outcome::Maintenance(301)).await;
    stage.finish("registry::an_upgrade_without_it_ends_standby", &[]).await;
}

/// Switches on while the registry has a fault. Returns the time until the service was
/// closed.
async fn pull(mesh: &Mesh, case: &str, fault: Fault, reason: &str) -> Duration {
    let registry = FaultyRegistry::start(mesh.registry.address(), fault).await;
    let stage = Stage::with_image(mesh, &registry.image("0.1.0")).await;
    let started = Instant::now();
    stage.service.apply("maintenance-mode");
    let to_closed = until_closed(&stage, started, reason).await;
    registry.set(Fault::None);
    finish(stage, &format!("registry::{case}"), to_closed).await;
    to_closed
}

/// Waits until the service is closed, and asserts that it stays so.
async fn until_closed(stage: &Stage, started: Instant, reason: &str) -> Duration {
    stage.assert_shut(&CLOSED).await;
    stage.until_logged("cannot fetch Wasm module").await;
    stage.until_logged(reason).await;
    assert_eq!(stage.service.get(HEALTH_CHECK).await.status, 403);
    stage.clients.since(started).time_until_all(started, &CLOSED)
}

/// Changes the plugin, so that the agent pulls from the registry that works again.
async fn finish(stage: Stage, case: &str, to_closed: Duration) {
    stage.apply_with_retry_after(300, 301).await;
    stage.service.until_metrics_show("maintenance_active{} 1").await;
    stage.until_logged("maintenance is on: Retry-After 301 s").await;
    stage.assert_delete_ends_it().await;
    let record = stage.finish(case, &[("closed after", to_closed)]).await;
    record.assert_only(|outcome| {
        matches!(outcome, Outcome::Application | Outcome::Maintenance(_)) || *outcome == CLOSED
    });
    assert_eq!(record.count(|outcome| *outcome == MAINTENANCE), 0);
}
