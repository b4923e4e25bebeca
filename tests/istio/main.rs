//! The shipped manifests against a real Istio control plane: `make test-istio`.
//!
//! One control plane serves all cases; each has a namespace and proxies of its
//! own, and those that disturb the control plane start another. It is taken
//! down when all cases are done, which the standard harness has no place for.

#![allow(missing_docs, reason = "a test, not a library")]

mod cases;
mod control_plane;
mod istiod;
mod kubectl;
mod mesh;
mod proxy;
mod registry;
mod run;
mod seen;
mod service;
mod shipped;
mod tools;

use std::pin::Pin;
use std::process::ExitCode;
use std::sync::{Arc, PoisonError};

use libtest_mimic::{Arguments, Trial};
use tokio::runtime::Runtime;

use mesh::Mesh;
use tools::Tools;

/// A case, run on a thread of its own.
type Case = for<'a> fn(&'a Mesh) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let tools = match Tools::find() {
        Ok(tools) => tools,
        Err(missing) => {
            eprintln!("the suite cannot run: {missing}; start it with `make test-istio`");
            return ExitCode::FAILURE;
        }
    };
    if std::env::var_os("RUN_ISTIO").is_some() {
        runtime().block_on(run::until_interrupted(&tools));
        return ExitCode::SUCCESS;
    }
    let mesh = Arc::new(runtime().block_on(Mesh::start(&tools)));
    let trials = cases::all().into_iter().map(|(name, case)| trial(name, case, &mesh)).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    if conclusion.has_failed() {
        mesh.plane.istiod().show_log();
    }
    drop(mesh);
    conclusion.exit_code()
}

fn trial(name: &str, case: Case, mesh: &Arc<Mesh>) -> Trial {
    let mesh = Arc::clone(mesh);
    let measures = name.starts_with("load::");
    Trial::test(name, move || {
        let alone = measures.then(|| mesh.quiet.write().unwrap_or_else(PoisonError::into_inner));
        let beside = (!measures).then(|| mesh.quiet.read().unwrap_or_else(PoisonError::into_inner));
        runtime().block_on(case(&mesh));
        drop((alone, beside));
        Ok(())
    })
}

fn runtime() -> Runtime {
    Runtime::new().expect("a runtime")
}
