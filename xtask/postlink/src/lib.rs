//! Makes a linked proxy-wasm module cheaper to load, without a change to what
//! it does, up to a trap: what a host cannot see of the way there may be left out.
//!
//! Envoy has V8 compile the whole module before it serves, with the optimizing
//! compiler alone (`--no-liftoff`), so load time goes with the code that V8
//! compiles. Three steps, each in a module of its own, leave it less:
//!
//! 1. [`exports`]: what no host looks for is not exported;
//! 2. [`dead`]: what only leads to a trap is a trap, and what nothing can call
//!    is nothing;
//! 3. [`calls`]: functions call one another through the table, so that V8 does
//!    not inline them.

mod body;
mod calls;
mod dead;
mod exports;
mod supported;

use walrus::{Module, ModuleConfig, passes};

/// The same module, cheaper to load. Names of functions are kept, if it has any.
///
/// # Errors
/// It is not a module, lacks what a proxy-wasm host needs, or has something in
/// it that the step does not handle.
pub fn improved(module: &[u8]) -> Result<Vec<u8>, String> {
    let mut module = ModuleConfig::new()
        .generate_producers_section(false)
        .parse(module)
        .map_err(|error| format!("not a WebAssembly module: {error:#}"))?;
    exports::prune(&mut module)?;
    supported::check(&module)?;
    dead::prune(&mut module);
    passes::gc::run(&mut module);
    calls::through_table(&mut module);
    without_customs(&mut module);
    let improved = module.emit_wasm();
    Module::from_buffer(&improved).map_err(|error| format!("a module gone wrong: {error:#}"))?;
    Ok(improved)
}

/// Sections for tools, such as the list of target features.
fn without_customs(module: &mut Module) {
    let customs: Vec<_> = module.customs.iter().map(|(id, _)| id).collect();
    for id in customs {
        module.customs.delete(id);
    }
}
