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
    /// Master switch. While it is `false`, the filter does nothing. Every field must still
    /// be valid.
    pub enabled: bool,
    /// Makes the filter count the requests that maintenance would reject, and reject none. It has
    /// no effect while `enabled` is `false`.
    pub dry_run: bool,
    /// Time during which maintenance is in force, by the proxy's clock. Absent: always.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "WindowConfig"))]
    pub window: Window,
    /// `Retry-After` of the 503, in seconds. With `window.end`, `Retry-After` counts down to
    /// the end, and a value here is its upper limit.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "RetryAfter"))]
    pub retry_after_seconds: Option<RetryAfter>,
    /// Largest number of seconds that the filter adds to each `Retry-After` at random, so that
    /// clients do not all come back in the same second.
    pub retry_after_jitter_seconds: Jitter,
    /// Requests that maintenance leaves alone. A list here replaces the default. `[]` exempts
    /// nothing.
    pub exemptions: Exemptions,
    /// Requests that maintenance applies to. Absent: all requests.
    pub scope: Scope,
    /// Tokens that let a request through during maintenance. Absent: none.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Bypass"))]
    pub bypass: Option<Bypass>,
    /// Reply to a rejected request. Its status is always 503.
    pub response: Response,
}
