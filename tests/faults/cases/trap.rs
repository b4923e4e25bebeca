//! A module that traps, under each failure policy.

use std::time::Instant;

use harness::wait::eventually;
use mesh::Mesh;
use mesh::service::HEALTH_CHECK;

use crate::clients::TIMEOUT;
use crate::record::{MAINTENANCE, Outcome, Record};
use crate::stage::{SOME, Stage};
use crate::trapping_module::trap_at_call;

/// Request at which a VM traps. A worker gets some hundred requests a second.
const REQUEST: i32 = 1000;
/// Traps in two workers, each of which traps again after it was replaced.
const TRAPS: usize = 6;
/// Answer to the requests of a VM that has trapped.
const BARE: Outcome = Outcome::Proxy(503);

/// `maintenance-mode` as it is shipped: the requests that are under way in the worker
/// get a bare 503, and the next one a new VM.
pub async fn fail_reload_stays_shut(mesh: &mut Mesh) {
    let stage = start(mesh).await;
    stage.service.apply("maintenance-mode");
    stage.clients.until_all(&MAINTENANCE).await;
    let received = stage.received();
    let trapped = async || {
        let log = stage.service.proxy().log();
        (log.matches("proxy_on_request_headers failed").count() >= TRAPS).then_some(())
    };
    eventually(&format!("{TRAPS} traps"), TIMEOUT, trapped).await;
    stage.clients.until_all(&MAINTENANCE).await;
    stage.service.until_metrics_show("maintenance_active{} 1").await;
    assert_eq!(stage.received(), received, "requests reached the application");
    stage.assert_delete_ends_it().await;
    let record = finish(stage, "trap::fail_reload_stays_shut").await;
    assert!(record.count(|outcome| *outcome == BARE) >= TRAPS, "{record}");
}

/// Without a reload every request gets a bare 503, until the plugin changes.
pub async fn fail_closed_stays_shut_for_good(mesh: &mut Mesh) {
    let stage = start(mesh).await;
    stage.service.shipped.edit("maintenance-mode", "Strategy: FAIL_RELOAD", "Strategy: FAIL_CLOSE");
    stage.service.apply("maintenance-mode");
    stage.clients.until_all(&MAINTENANCE).await;
    let received = stage.received();
    stage.assert_shut(&BARE).await;
    assert_eq!(stage.received(), received, "requests reached the application");
    assert_eq!(stage.service.get(HEALTH_CHECK).await.status, 503);
    stage.apply_with_retry_after(300, 301).await;
    stage.assert_delete_ends_it().await;
    finish(stage, "trap::fail_closed_stays_shut_for_good").await;
}

/// `standby` as it is shipped: requests reach the application, until the plugin
/// changes. The gauge does not show it.
pub async fn fail_open_lets_requests_through(mesh: &mut Mesh) {
    let stage = start(mesh).await;
    stage.service.apply("standby");
    stage.service.until_filter("maintenance-standby").await;
    stage.service.patch_standby(r#"{"enabled":true}"#);
    stage.clients.until_all(&MAINTENANCE).await;
    assert_open(&stage).await;
    stage.service.until_metrics_show("maintenance_active{} 1").await;
    stage.service.patch_standby(r#"{"retryAfterSeconds":301}"#);
    stage.assert_shut(&Outcome::Maintenance(301)).await;
    stage.service.patch_standby(r#"{"enabled":false}"#);
    stage.assert_off().await;
    finish(stage, "trap::fail_open_lets_requests_through").await;
}

/// A trap while a worker configures a change of the plugin, after the trial VM has
/// accepted it: no worker has the filter any more, whatever the policy, until the plugin
/// is deleted and applied again. The gauge may show either.
pub async fn in_a_change_of_the_plugin_lets_requests_through(mesh: &mut Mesh) {
    let module = trap_at_call(2, "proxy_on_configure");
    let image = mesh.registry.push_module(&module, "traps-at-change").await;
    let stage = Stage::with_image(mesh, &image).await;
    stage.service.apply("maintenance-mode");
    stage.assert_in_force().await;
    let change = |seconds: u32| {
        let patch = format!(r#"{{"spec":{{"pluginConfig":{{"retryAfterSeconds":{seconds}}}}}}}"#);
        stage.service.patch("maintenance-mode", &patch);
    };
    change(301);
    assert_open(&stage).await;
    stage.until_logged("Failed to configure thread-local Wasm plugin").await;
    // Envoy refuses every further change, because the base VM counts as failed, too.
    change(302);
    stage.until_logged("rejected: Unable to create Wasm plugin").await;
    assert_open(&stage).await;
    // No VM is left that could log the end.
    stage.delete().await;
    stage.until_gauge_is_down().await;
    stage.service.apply("maintenance-mode");
    stage.assert_in_force().await;
    stage.assert_delete_ends_it().await;
    finish(stage, "trap::in_a_change_of_the_plugin_lets_requests_through").await;
}

async fn start(mesh: &Mesh) -> Stage {
    let module = trap_at_call(REQUEST, "proxy_on_request_headers");
    let image = mesh.registry.push_module(&module, "traps-at-request").await;
    Stage::with_image(mesh, &image).await
}

/// Waits until every request reaches the application.
async fn assert_open(stage: &Stage) {
    stage.clients.until_all(&Outcome::Application).await;
    let (from, received) = (Instant::now(), stage.received());
    stage.clients.until_more(SOME).await;
    stage.clients.since(from).assert_only(|outcome| *outcome == Outcome::Application);
    assert!(stage.received() > received);
}

async fn finish(stage: Stage, case: &str) -> Record {
    let record = stage.finish(case, &[]).await;
    record.assert_only(|outcome| {
        matches!(outcome, Outcome::Application | Outcome::Maintenance(_)) || *outcome == BARE
    });
    record
}
