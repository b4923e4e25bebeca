//! istiod, the API server and etcd. Proxies go on with the configuration that they
//! have, so clients notice nothing: a switch takes effect once the part is back.

use std::time::Instant;

use harness::wait::eventually;
use mesh::Mesh;
use mesh::daemon::Daemon;
use mesh::service::CHANGE_TIMEOUT;
use nix::sys::signal::Signal;

use crate::record::{MAINTENANCE, Outcome};
use crate::stage::{OUTAGE, Stage};

/// Part of the control plane.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Part {
    Istiod,
    ApiServer,
    Etcd,
}

/// How a part fails.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Failure {
    Killed,
    Stopped,
}

pub async fn istiod_is_killed(mesh: &mut Mesh) {
    fail(mesh, "istiod_is_killed", Part::Istiod, Failure::Killed).await;
}

pub async fn istiod_is_stopped(mesh: &mut Mesh) {
    fail(mesh, "istiod_is_stopped", Part::Istiod, Failure::Stopped).await;
}

pub async fn the_api_server_is_killed(mesh: &mut Mesh) {
    fail(mesh, "the_api_server_is_killed", Part::ApiServer, Failure::Killed).await;
}

pub async fn the_api_server_is_stopped(mesh: &mut Mesh) {
    fail(mesh, "the_api_server_is_stopped", Part::ApiServer, Failure::Stopped).await;
}

pub async fn etcd_is_killed(mesh: &mut Mesh) {
    fail(mesh, "etcd_is_killed", Part::Etcd, Failure::Killed).await;
}

pub async fn etcd_is_stopped(mesh: &mut Mesh) {
    fail(mesh, "etcd_is_stopped", Part::Etcd, Failure::Stopped).await;
}

/// Switches on and off while a part fails.
async fn fail(mesh: &mut Mesh, case: &str, part: Part, failure: Failure) {
    let stage = Stage::start(mesh).await;

    // The part fails when `kubectl` has stored the change.
    stage.service.apply("maintenance-mode");
    begin(mesh, part, failure);
    let failed = Instant::now();
    stage.clients.until_more(OUTAGE).await;
    end(mesh, part, failure).await;
    let returned = Instant::now();
    stage.assert_in_force().await;
    let to_on = stage.clients.since(failed).time_until_all(failed, &MAINTENANCE);

    // The part has failed before the change: maintenance holds.
    begin(mesh, part, failure);
    let delete = try_delete(&stage);
    assert_eq!(delete.is_ok(), part == Part::Istiod, "{delete:?}");
    stage.assert_shut(&MAINTENANCE).await;
    let from = Instant::now();
    end(mesh, part, failure).await;
    // Just after its start, the API server may be too slow for the time limit.
    eventually("kubectl deletes", CHANGE_TIMEOUT, async || try_delete(&stage).ok()).await;
    stage.assert_off().await;
    let to_off = stage.clients.since(from).time_until_all(from, &Outcome::Application);

    let times = [
        ("failed for", returned - failed),
        ("on, from the failure,", to_on),
        ("off, from the start of the return,", to_off),
    ];
    stage.finish(&format!("control_plane::{case}"), &times).await.assert_undisturbed();
}

/// Deletes `maintenance-mode` with a time limit.
fn try_delete(stage: &Stage) -> Result<String, String> {
    let folder = stage.service.shipped.folder("maintenance-mode");
    let delete = ["delete", "--request-timeout=2s", "--ignore-not-found", "-n"];
    let arguments = [&delete[..], &[&stage.service.namespace, "-f", &folder]].concat();
    stage.service.kubectl.try_run(&arguments)
}

fn daemon(mesh: &mut Mesh, part: Part) -> &mut Daemon {
    match part {
        Part::Istiod => mesh.plane.istiod_mut().daemon_mut(),
        Part::ApiServer => mesh.plane.api_mut().apiserver_mut(),
        Part::Etcd => mesh.plane.api_mut().etcd_mut(),
    }
}

fn begin(mesh: &mut Mesh, part: Part, failure: Failure) {
    match failure {
        Failure::Killed => daemon(mesh, part).kill(),
        Failure::Stopped => daemon(mesh, part).signal(Signal::SIGSTOP),
    }
}

async fn end(mesh: &mut Mesh, part: Part, failure: Failure) {
    match failure {
        Failure::Killed => daemon(mesh, part).start_again(),
        Failure::Stopped => daemon(mesh, part).signal(Signal::SIGCONT),
    }
    mesh.plane.api_mut().wait_until_ready().await;
    mesh.plane.istiod().wait_until_ready().await;
}
