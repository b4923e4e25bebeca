//! The filter that Envoy runs.
//!
//! This folder alone knows proxy-wasm. The sequence of events, in each VM:
//!
//! 1. Envoy loads the module into one VM for each worker thread, one on the main
//!    thread, and a trial VM for each new configuration, and calls `_initialize`
//!    (`root_context.rs`).
//! 2. For each plugin configuration it creates a root context and calls
//!    `on_configure` (`root_context.rs`). An invalid configuration is refused:
//!    the previous root context stays in use. A valid one becomes a plugin
//!    (`plugin.rs`). Its root context is now the newest of its plugin name in the VM
//!    (`active.rs`). `reporting.rs` then sets the gauges (`metrics.rs`) and announces the
//!    state: the first VM to do so writes the log line (`announcement.rs`). While
//!    maintenance is in force or scheduled, a timer runs.
//! 3. For each request it creates an HTTP context on the newest root context
//!    and calls `on_http_request_headers` (`http_context.rs`): the policy decides, the
//!    plugin counts, and a rejected request is answered by a local reply
//!    (`local_reply.rs`), which was prepared in step 2 if it is the same for every
//!    request. While a window with an end is in force, the request reads the time
//!    (`clock.rs`): the end is exact. Jitter needs a random number (`random.rs`).
//! 4. Once a second, `on_tick` hands the counts over to Envoy and repeats the gauges.
//!    Counting a request therefore makes no host call. It also notices the start of a
//!    window, and reports its start and its end as in step 2.
//! 5. When the last stream of an old root context has ended, Envoy deletes it:
//!    `drop` hands the last counts over, stops the timer, and, if no newer
//!    root context has taken its place, clears the gauges and announces that the
//!    plugin is gone.
//!
//! Each VM configures itself from the configuration bytes alone, so all VMs
//! agree. Nothing of a request is ever logged.

pub mod active;
pub mod announcement;
#[cfg(target_arch = "wasm32")]
mod clock;
#[cfg(target_arch = "wasm32")]
mod http_context;
#[cfg(target_arch = "wasm32")]
mod local_reply;
#[cfg(target_arch = "wasm32")]
mod metrics;
#[cfg(target_arch = "wasm32")]
mod plugin;
#[cfg(target_arch = "wasm32")]
mod random;
#[cfg(target_arch = "wasm32")]
mod reporting;
#[cfg(target_arch = "wasm32")]
mod root_context;
