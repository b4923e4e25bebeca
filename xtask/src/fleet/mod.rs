//! `make fleet`: many sidecars of one namespace switch to maintenance and back.
//!
//! One control plane serves a fleet that grows from size to size. Each sidecar has a
//! client of its own. At each size these are measured:
//!
//! - the first `kubectl apply` of `istio/maintenance-mode` ever: every agent pulls the
//!   module, and every Envoy compiles it;
//! - further ones, while the Envoys still have the module, and once they have dropped
//!   it;
//! - patches of `istio/standby`.
//!
//! The run fails on a request without a complete answer, an answer that is neither the
//! application's nor the complete reply, an answer of the old kind from a sidecar that
//! has switched, a request that reaches the application although the client gets a 503,
//! and a number of pulls other than one for each agent.

mod clients;
mod costs;
mod inotify;
mod metrics;
mod model;
mod pulls;
mod report;
mod series;
mod sidecars;
mod stage;
mod switch;
mod timeline;

use std::collections::BTreeSet;
use std::num::NonZero;
use std::process::ExitCode;

use mesh::Mesh;
use mesh::service::Service;
use mesh::tools::Tools;
use tokio::signal::unix::{SignalKind, signal};

use crate::page;
use sidecars::Fleet;
use stage::Stage;

/// MiB for everything but sidecars.
const RESERVED_MEMORY: f64 = 2048.0;
/// MiB of a sidecar before any has been measured.
const ASSUMED_MEMORY: f64 = 150.0;

/// Measures fleets of the given sizes and prints the results. With `UPDATE=1` also
/// writes them into the documentation.
pub async fn run(sizes: &[String]) -> ExitCode {
    let mut interrupt = signal(SignalKind::interrupt()).expect("a signal handler");
    let mut terminate = signal(SignalKind::terminate()).expect("a signal handler");
    let result = tokio::select! {
        result = measure(sizes) => result,
        _ = interrupt.recv() => Err("interrupted".into()),
        _ = terminate.recv() => Err("terminated".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(sizes: &[String]) -> Result<(), String> {
    let tools = Tools::find().map_err(|missing| format!("{missing}; run `make fleet`"))?;
    let sizes = sizes.iter().map(|size| size.parse::<NonZero<usize>>().map(NonZero::get));
    // In ascending order.
    let sizes: BTreeSet<_> =
        sizes.collect::<Result<_, _>>().map_err(|error| format!("size: {error}"))?;
    let largest = *sizes.last().ok_or("no sizes")?;
    let rounds = std::env::var("SWITCHES").ok().and_then(|it| it.parse().ok()).unwrap_or(5);
    let machine = format!("{}. {}", page::machine(), page::load_average());
    // Dropped last: the agents still watch their files.
    let _limit = inotify::raise_for(largest)?;
    eprintln!("starting etcd, kube-apiserver, istiod and a registry");
    let mesh = Mesh::start(&tools).await;
    let service = Service::without_proxy(&mesh.plane, &mesh.registry.image()).await;
    let mut fleet = Fleet::new(largest);
    let mut stages: Vec<Stage> = Vec::new();
    let mut tag = "0.1.0".to_owned();
    for size in sizes {
        let each = stages.last().map_or(ASSUMED_MEMORY, |stage| stage.with_module.proportional());
        if let Err(shortage) = require_memory(size - fleet.sidecars.len(), each) {
            if stages.is_empty() {
                return Err(shortage);
            }
            eprintln!("{shortage}; the results end with {} sidecars", fleet.sidecars.len());
            break;
        }
        let new = fleet.sidecars.len();
        fleet.grow(&mesh.plane, &service, size).await;
        // Agents know the module by its tag and digest. With a new version, each pulls.
        let next = format!("0.1.0-fleet-{size}");
        mesh.registry.push_version(&next).await;
        for folder in ["maintenance-mode", "standby"] {
            service.shipped.edit(folder, &format!(":{tag}"), &format!(":{next}"));
        }
        tag = next;
        let stage = Stage::measure(&mesh, &service, &fleet, new, rounds).await;
        println!("{}", report::progress(&stage));
        stage.check()?;
        stages.push(stage);
    }
    let text = format!("{machine}\n{}", report::all(&stages));
    println!("{text}");
    if std::env::var_os("UPDATE").is_some() {
        page::FLEET.write(&text);
    }
    eprintln!("stopping the fleet");
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a count of processes")]
fn require_memory(sidecars: usize, each: f64) -> Result<(), String> {
    let (needed, available) = (sidecars as f64 * each + RESERVED_MEMORY, costs::available());
    if needed <= available {
        return Ok(());
    }
    Err(format!("{sidecars} more sidecars need {needed:.0} MiB, and {available:.0} are available"))
}
