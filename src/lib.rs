//! A proxy-wasm HTTP filter that puts a service into maintenance by
//! configuration alone.
//!
//! While maintenance is in force, exempt requests (by default
//! `GET /load-balancer/health-check`) pass to the application, or get a 200 from
//! the proxy if the exemption says so. Every other request gets
//! `503 Service Unavailable` from the proxy, with a `Retry-After` in whole seconds
//! and `content-type: application/json`.
//!
//! The layers. Each may use every layer to its right:
//!
//! ```text
//! filter → policy → config → { window, scope, exemption, bypass, reply }
//!        → { request, path, header_name, json, limits, error, token }
//! ```
//!
//! `filter` is all that knows proxy-wasm. Everything else runs in ordinary
//! tests:
//!
//! ```
//! use maintenance_filter::policy::{Decision, Policy};
//! use maintenance_filter::request::RequestHead;
//! use maintenance_filter::window::Stage;
//!
//! struct Get(&'static str);
//!
//! impl RequestHead for Get {
//!     fn header(&self, name: &str) -> Option<Vec<u8>> {
//!         match name {
//!             ":path" => Some(self.0.into()),
//!             ":method" => Some(b"GET".to_vec()),
//!             _ => None,
//!         }
//!     }
//!     fn occurrences(&self, name: &str) -> usize {
//!         self.header(name).into_iter().count()
//!     }
//! }
//!
//! let policy = Policy::from_json(br#"{"enabled": true, "retryAfterSeconds": 300}"#)?;
//! assert_eq!(policy.decide(Stage::InForce, &Get("/load-balancer/health-check")), Decision::Forward);
//! assert_eq!(policy.decide(Stage::InForce, &Get("/orders")), Decision::Reject);
//! # Ok::<(), maintenance_filter::error::Error>(())
//! ```

// A trap in the module is an outage in every sidecar that loaded it.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::todo,
    clippy::unimplemented,
    clippy::unreachable,
    clippy::unwrap_used,
    unsafe_code
)]

pub mod bypass;
pub mod config;
pub mod error;
pub mod exemption;
pub mod filter;
pub mod header_name;
mod json;
pub mod limits;
mod path;
pub mod policy;
pub mod reply;
pub mod request;
pub mod scope;
mod token;
pub mod window;
