//! Makes a linked proxy-wasm module cheaper to load and to run. A host observes no
//! difference, except that a trap may come earlier: before work whose result no
//! host would see.
//!
//! Envoy runs V8 with `--no-liftoff`: the optimizing compiler compiles the whole
//! module before the filter serves a request. Load time therefore grows with the
//! code that V8 compiles. Three steps reduce it. The head of each file explains
//! the step, its reason and its savings:
//!
//! 1. [`exports`] removes the exports that Envoy does not need to know;
//! 2. [`unused`] removes code that no host could notice;
//! 3. [`calls`] turns direct calls into calls through the table.
//!
//! [`supported`] rejects modules that the steps would misread.

mod body;
mod calls;
mod exports;
mod supported;
mod unused;

use walrus::{Module, ModuleConfig, passes};

/// Applies the three steps to a linked module. Names of functions are kept.
///
/// # Errors
/// Fails if `module` is no WebAssembly module, if it lacks an export that a
/// proxy-wasm host needs, or if it uses a feature that the steps do not support.
pub fn optimize(module: &[u8]) -> Result<Vec<u8>, String> {
    let mut module = ModuleConfig::new()
        .generate_producers_section(false)
        .parse(module)
        .map_err(|error| format!("not a WebAssembly module: {error:#}"))?;
    exports::require(&module)?;
    exports::remove_others(&mut module);
    supported::check(&module)?;
    unused::replace_by_traps(&mut module);
    passes::gc::run(&mut module);
    calls::route_through_table(&mut module);
    remove_custom_sections(&mut module);
    let optimized = module.emit_wasm();
    Module::from_buffer(&optimized)
        .map_err(|error| format!("postlink wrote an invalid module: {error:#}"))?;
    Ok(optimized)
}

/// Removes sections for tools, such as the list of target features.
fn remove_custom_sections(module: &mut Module) {
    let sections: Vec<_> = module.customs.iter().map(|(id, _)| id).collect();
    for id in sections {
        module.customs.delete(id);
    }
}
