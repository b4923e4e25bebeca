//! The plugin configuration as operators write it: names, types and defaults
//! of its fields.
//!
//! Each field is read once, into a domain type that cannot be invalid. The
//! JSON Schema is derived from the same types.

use serde::Deserialize;

use crate::bypass::Bypass;
use crate::exemption::Exemptions;
use crate::reply::{Jitter, Response, RetryAfter};
use crate::scope::Scope;
use crate::window::Window;
#[cfg(not(target_arch = "wasm32"))]
use crate::window::WindowConfig;

/// Plugin configuration of the maintenance filter.
///
/// The value of `pluginConfig` in a `WasmPlugin`, and of `wasm.pluginConfig` in a
/// `TrafficExtension`.
#[derive(Default, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(title = "Maintenance filter"))]
#[serde(default, deny_unknown_fields, expecting = "a JSON object", rename_all = "camelCase")]
pub struct PluginConfig {
    /// Master switch. While it is `false`, the filter does nothing.
    pub enabled: bool,
    /// Whether to count the requests that would be rejected, and to reject none.
    pub dry_run: bool,
    /// Time during which maintenance is in force. Absent: always.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "WindowConfig"))]
    pub window: Window,
    /// Seconds that clients are told to wait. With `window.end`, at most the time until then.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "RetryAfter"))]
    pub retry_after_seconds: Option<RetryAfter>,
    /// Largest number of seconds that are added to each `Retry-After` at random.
    pub retry_after_jitter_seconds: Jitter,
    /// Requests that maintenance leaves alone. Replaces the default; `[]` exempts nothing.
    pub exemptions: Exemptions,
    /// Requests that maintenance applies to. Absent: all.
    pub scope: Scope,
    /// Requests that maintenance lets through because they carry a token. Absent: none.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Bypass"))]
    pub bypass: Option<Bypass>,
    /// The answer to every other request. Its status is always 503.
    pub response: Response,
}
