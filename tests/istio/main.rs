//! Tests of the shipped manifests against a real Istio control plane, run by
//! `make test-istio`.
//!
//! All cases share one control plane. Each case has its own namespace and proxies.
//! A case that disturbs the control plane starts a second one. The suite uses
//! `libtest-mimic` because the standard test harness cannot stop the shared
//! control plane after the last case.

#![allow(missing_docs, reason = "a test, not a library")]

mod cases;
mod kubelet;
mod run;

use std::pin::Pin;
use std::process::ExitCode;
use std::sync::{Arc, PoisonError};

use libtest_mimic::{Arguments, Trial};
use tokio::runtime::Runtime;

use mesh::Mesh;
use mesh::tools::Tools;

/// Test case. Each runs on its own thread.
type Case = for<'a> fn(&'a Mesh) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let tools = match Tools::find() {
        Ok(tools) => tools,
        Err(missing) => {
            eprintln!("the suite cannot run: {missing}; run `make test-istio`");
            return ExitCode::FAILURE;
        }
    };
    if std::env::var_os("RUN_ISTIO").is_some() {
        runtime().block_on(run::until_interrupted(&tools));
        return ExitCode::SUCCESS;
    }
    println!("{}", tools.versions());
    let mesh = Arc::new(runtime().block_on(Mesh::start(&tools)));
    let trials = selected_cases().map(|(name, case)| trial(name, case, &mesh)).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    if conclusion.has_failed() {
        mesh.plane.istiod().show_log();
    }
    drop(mesh);
    conclusion.exit_code()
}

/// Cases of the groups that the environment variable `CASES` names, or all cases.
fn selected_cases() -> impl Iterator<Item = (&'static str, Case)> {
    let groups = std::env::var("CASES").unwrap_or_default();
    cases::all().into_iter().filter(move |(name, _)| {
        let group = name.split("::").next();
        groups.is_empty() || groups.split_whitespace().any(|selected| Some(selected) == group)
    })
}

fn trial(name: &str, case: Case, mesh: &Arc<Mesh>) -> Trial {
    let mesh = Arc::clone(mesh);
    let measures_time = name.starts_with("load::");
    Trial::test(name, move || {
        let exclusive =
            measures_time.then(|| mesh.timing.write().unwrap_or_else(PoisonError::into_inner));
        let shared =
            (!measures_time).then(|| mesh.timing.read().unwrap_or_else(PoisonError::into_inner));
        runtime().block_on(case(&mesh));
        drop((exclusive, shared));
        Ok(())
    })
}

fn runtime() -> Runtime {
    Runtime::new().expect("a runtime")
}
