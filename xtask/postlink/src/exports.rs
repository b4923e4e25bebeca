//! The exports of a module: those that a proxy-wasm host looks for.

use walrus::{Export, ExportItem, Module};

const MEMORY: &[&str] = &["memory"];

/// What every filter needs of the ABI
/// ([specification](https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1)),
/// each by any of its names.
const NEEDED: [(&str, &[&str]); 7] = [
    ("its memory", MEMORY),
    ("allocation", &["malloc", "proxy_on_memory_allocate"]),
    (
        "the version of the ABI",
        &["proxy_abi_version_0_1_0", "proxy_abi_version_0_2_0", "proxy_abi_version_0_2_1"],
    ),
    ("the start of the VM", &["proxy_on_vm_start"]),
    ("configuration", &["proxy_on_configure"]),
    ("the creation of contexts", &["proxy_on_context_create"]),
    ("their end", &["proxy_on_delete"]),
];

/// The callbacks of the ABI that `src/filter` implements, beside those above.
///
/// The SDK exports every callback, and Envoy enters the VM for each that a
/// module exports: seven more for each request, to do nothing.
const CALLBACKS: [&str; 2] = ["proxy_on_request_headers", "proxy_on_tick"];

/// What a host looks for beside the callbacks and the above.
const ENTRY_POINTS: [&str; 3] = ["_initialize", "_start", "main"];

/// Takes back all exports that no host looks for, as those of the linker.
///
/// # Errors
/// One that is needed is not there.
pub fn prune(module: &mut Module) -> Result<(), String> {
    for (what, names) in NEEDED {
        let is_one = |export: &Export| {
            let is_kind = match export.item {
                ExportItem::Memory(_) => names == MEMORY,
                ExportItem::Function(_) => names != MEMORY,
                _ => false,
            };
            is_kind && names.contains(&export.name.as_str())
        };
        if !module.exports.iter().any(is_one) {
            return Err(format!("exports nothing for {what}: {}", names.join(" or ")));
        }
    }
    let is_kept = |name: &str| {
        CALLBACKS.contains(&name)
            || ENTRY_POINTS.contains(&name)
            || NEEDED.iter().any(|(_, names)| names.contains(&name))
    };
    let others: Vec<_> =
        module.exports.iter().filter(|export| !is_kept(&export.name)).map(Export::id).collect();
    for id in others {
        module.exports.delete(id);
    }
    Ok(())
}
