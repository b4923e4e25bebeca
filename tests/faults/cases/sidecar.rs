//! Envoy and its agent. A container ends with its agent, and the kubelet starts it
//! again: both are done by hand here.

use std::time::{Duration, Instant};

use harness::wait::eventually;
use mesh::Mesh;
use mesh::service::CHANGE_TIMEOUT;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::clients::PACED;
use crate::record::{MAINTENANCE, Outcome};
use crate::stage::{Moment, OUTAGE, Stage};

/// Time for which Envoy is stopped. No client gets an answer that could be waited for.
const STOPPED: Duration = Duration::from_secs(3);

/// The agent ends with Envoy, so the container restarts.
pub async fn envoy_is_killed(mesh: &mut Mesh) {
    restart_after(mesh, "sidecar::envoy_is_killed", async |stage| {
        kill(envoy(stage), Signal::SIGKILL).expect("Envoy is killed");
        stage.until_logged("Envoy exited with error: signal: killed").await;
        let ended = async || (!is_agent_running(stage)).then_some(());
        eventually("the agent ends with Envoy", CHANGE_TIMEOUT, ended).await;
    })
    .await;
}

/// The agent is the first process of its container, so Envoy ends with it.
pub async fn the_agent_is_killed(mesh: &mut Mesh) {
    restart_after(mesh, "sidecar::the_agent_is_killed", async |stage| {
        let envoy = envoy(stage);
        stage.service.proxy().agent().signal(Signal::SIGKILL);
        kill(envoy, Signal::SIGKILL).expect("Envoy is killed");
    })
    .await;
}

/// Requests wait until Envoy goes on.
pub async fn envoy_is_stopped(mesh: &mut Mesh) {
    let stage = Stage::start(mesh).await;
    for moment in Moment::ALL {
        stage.apply_until(moment).await;
        let envoy = envoy(&stage);
        kill(envoy, Signal::SIGSTOP).expect("Envoy is stopped");
        tokio::time::sleep(STOPPED).await;
        kill(envoy, Signal::SIGCONT).expect("Envoy goes on");
        stage.assert_in_force().await;
        stage.delete().await;
    }
    stage.assert_off().await;
    let record = stage.finish("sidecar::envoy_is_stopped", &[]).await;
    record.assert_undisturbed();
    assert!(record.longest_wait() >= STOPPED, "{record}");
}

/// Envoy goes on with the configuration that it has.
pub async fn the_agent_is_stopped(mesh: &mut Mesh) {
    let stage = Stage::start(mesh).await;
    stage.service.apply("maintenance-mode");
    stage.service.proxy().agent().signal(Signal::SIGSTOP);
    let stopped = Instant::now();
    stage.clients.until_more(OUTAGE).await;
    stage.service.proxy().agent().signal(Signal::SIGCONT);
    let continued = Instant::now();
    stage.assert_in_force().await;
    let to_on = stage.clients.since(continued).time_until_all(continued, &MAINTENANCE);

    stage.service.proxy().agent().signal(Signal::SIGSTOP);
    stage.service.delete("maintenance-mode");
    stage.assert_shut(&MAINTENANCE).await;
    stage.service.proxy().agent().signal(Signal::SIGCONT);
    stage.assert_off().await;
    let times = [("stopped for", continued - stopped), ("on, from its return,", to_on)];
    stage.finish("sidecar::the_agent_is_stopped", &times).await.assert_undisturbed();
}

/// Ends the sidecar by `end` at each moment of a switch, and starts it again.
async fn restart_after(mesh: &Mesh, case: &str, end: impl AsyncFn(&Stage)) {
    let mut stage = Stage::start(mesh).await;
    let mut disturbed = Vec::new();
    for moment in Moment::ALL {
        stage.apply_until(moment).await;
        let ended = Instant::now();
        end(&stage).await;
        stage.clients.until_all(&Outcome::Refused).await;
        let received = stage.received();
        stage.service.stop_proxy();
        stage.service.launch_proxy(&mesh.plane);
        stage.assert_in_force().await;
        assert_eq!(stage.received(), received, "requests reached the application");
        disturbed.push(stage.clients.since(ended).disturbed());
        stage.delete().await;
    }
    stage.assert_off().await;
    let times = [("first round disturbed for", disturbed[0]), ("second for", disturbed[1])];
    let record = stage.finish(case, &times).await;
    record.assert_only(|outcome| {
        matches!(outcome, Outcome::CutOff(_) | Outcome::Refused | Outcome::Application)
            || *outcome == MAINTENANCE
    });
    let most = Moment::ALL.len() * PACED.count;
    assert!(record.cut_off() <= most, "a client lost more than one request: {record}");
}

fn envoy(stage: &Stage) -> Pid {
    Pid::from_raw(stage.service.proxy().envoy_id().expect("a running Envoy"))
}

fn is_agent_running(stage: &Stage) -> bool {
    let status = format!("/proc/{}/stat", stage.service.proxy().agent().id());
    // A process that has ended stays a zombie until it is waited for.
    std::fs::read_to_string(status).is_ok_and(|stat| !stat.contains(") Z "))
}
