//! Faults in the middle of a switch under load, run by `make test-faults`: each case
//! kills, stops or cuts off one part and says what clients and application saw.
//!
//! The cases run one after another, because they measure times. They share one
//! control plane. A case that fails may leave it broken, so the next case then starts
//! another one.

#![allow(missing_docs, reason = "a test, not a library")]

mod cases;
mod clients;
mod faulty_registry;
mod page;
mod record;
mod report;
mod stage;
mod trapping_module;

use std::pin::Pin;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use libtest_mimic::{Arguments, Trial};
use mesh::Mesh;
use mesh::tools::Tools;
use tokio::runtime::Runtime;

/// Test case.
enum Case {
    /// Case in the mesh, which it leaves as it found it.
    InMesh(for<'a> fn(&'a mut Mesh) -> Pin<Box<dyn Future<Output = ()> + 'a>>),
    /// Case with an Envoy of its own.
    Alone(fn() -> Pin<Box<dyn Future<Output = ()>>>),
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // One thread also keeps the shared control plane alive: its processes end with the
    // thread that started them.
    arguments.test_threads = Some(1);
    let tools = match Tools::find() {
        Ok(tools) => tools,
        Err(missing) => {
            eprintln!("the suite cannot run: {missing}; run `make test-faults`");
            return ExitCode::FAILURE;
        }
    };
    let mesh = Arc::new(Mutex::new(None));
    let mut trials: Vec<Trial> = cases::all()
        .into_iter()
        .map(|(name, case)| trial(name, case, Arc::clone(&mesh), tools.clone()))
        .collect();
    trials.push(Trial::test("page::it_names_every_case", || {
        page::assert_names(&cases::all());
        Ok(())
    }));
    let conclusion = libtest_mimic::run(&arguments, trials);
    drop(mesh);
    report::print();
    conclusion.exit_code()
}

fn trial(name: &'static str, case: Case, shared: Arc<Mutex<Option<Mesh>>>, tools: Tools) -> Trial {
    Trial::test(name, move || {
        let runtime = Runtime::new().expect("a runtime");
        match case {
            Case::Alone(case) => runtime.block_on(case()),
            Case::InMesh(case) => {
                let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
                // If the case fails, the mesh is dropped and not put back.
                let mut mesh = match shared.take() {
                    Some(mesh) => mesh,
                    None => runtime.block_on(Mesh::start(&tools)),
                };
                runtime.block_on(case(&mut mesh));
                *shared = Some(mesh);
            }
        }
        Ok(())
    })
}
