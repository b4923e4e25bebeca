//! Tests of the shipped manifests on a real Kubernetes node, run by `make test-node`
//! as root.
//!
//! All cases share one node. Each case has its own namespace.

#![allow(missing_docs, reason = "a test, not a library")]

mod application;
mod callers;
mod cases;
mod cluster;
mod control_groups;
mod images;
mod istio;
mod namespaces;
mod node;
mod pod;
mod programs;
mod reply;
mod run;
mod watch;

use std::pin::Pin;
use std::process::ExitCode;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use libtest_mimic::{Arguments, Trial};
use tokio::runtime::Runtime;

use cluster::Cluster;
use namespaces::Role;
use programs::Programs;

/// Most cases wait for the kubelet most of the time.
const PARALLEL_CASES: usize = 4;
/// Cases that measure time, or that stop what other cases need.
const EXCLUSIVE_CASES: [&str; 2] = [
    "load::nothing_is_lost_during_a_switch",
    "disruption::without_the_registry_a_new_pod_is_closed",
];

/// Test case. Each runs on its own thread.
type Case = for<'a> fn(&'a Cluster) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

fn main() -> ExitCode {
    let outcome = match namespaces::role() {
        Role::Outside => namespaces::run_inside(),
        Role::Init => namespaces::init(),
        Role::Suite => Programs::find().map(|programs| suite(&programs)),
    };
    outcome.unwrap_or_else(|reason| {
        eprintln!("the suite cannot run: {reason}. Run `make test-node` as root");
        ExitCode::FAILURE
    })
}

/// Runs the cases, or the cluster alone for a person.
fn suite(programs: &Programs) -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(PARALLEL_CASES);
    println!("{}", programs.istio().versions());
    println!("{}, control groups of version {}", node::runtime(), control_groups::version());
    let runtime = Runtime::new().expect("a runtime");
    let cluster = Arc::new(runtime.block_on(Cluster::start(programs)));
    if std::env::var_os(namespaces::FOR_A_PERSON).is_some() {
        runtime.block_on(run::until_interrupted(&cluster));
        return ExitCode::SUCCESS;
    }
    let trials = cases::all().into_iter().map(|(name, case)| trial(name, case, &cluster)).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    // The end of this process ends the processes of the node, faster than one by one.
    std::mem::forget(cluster);
    conclusion.exit_code()
}

fn trial(name: &'static str, case: Case, cluster: &Arc<Cluster>) -> Trial {
    let cluster = Arc::clone(cluster);
    let needs_all = EXCLUSIVE_CASES.contains(&name);
    Trial::test(name, move || {
        let lock = &cluster.exclusive;
        let exclusive = needs_all.then(|| lock.write().unwrap_or_else(PoisonError::into_inner));
        let shared = (!needs_all).then(|| lock.read().unwrap_or_else(PoisonError::into_inner));
        let started = Instant::now();
        Runtime::new().expect("a runtime").block_on(case(&cluster));
        node::progress(started, name);
        drop((exclusive, shared));
        Ok(())
    })
}
