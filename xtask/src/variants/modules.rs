//! The modules that are measured beside each other.

use std::fs;
use std::path::{Path, PathBuf};

use harness::{plugin_wasm, repository};

/// Callbacks that a filter needs to know which configuration a stream belongs
/// to, and when the configuration is no longer used. They do nothing here.
const CONTEXT_CALLBACKS: &str = r#"
    (func (export "proxy_on_context_create") (param i32 i32))
    (func (export "proxy_on_delete") (param i32))"#;

/// The modules that are always measured.
pub struct Modules {
    /// `minimal.wat`.
    pub minimal: PathBuf,
    /// `minimal.wat` with [`CONTEXT_CALLBACKS`].
    pub minimal_with_contexts: PathBuf,
    /// The module that is shipped.
    pub shipped: PathBuf,
}

impl Modules {
    /// Assembles the two minimal modules into `folder`.
    pub fn assemble(folder: &Path) -> Self {
        let text = fs::read_to_string(repository().join("xtask/minimal.wat")).expect("minimal.wat");
        let open_module = text.trim_end().strip_suffix(')').expect("a module");
        let assemble = |name: &str, text: String| {
            let file = folder.join(name);
            fs::write(&file, wat::parse_str(text).expect("valid text")).expect("a module written");
            file
        };
        Self {
            minimal: assemble("minimal.wasm", format!("{open_module})")),
            minimal_with_contexts: assemble(
                "minimal-with-contexts.wasm",
                format!("{open_module}{CONTEXT_CALLBACKS})"),
            ),
            shipped: plugin_wasm(),
        }
    }
}
