//! An Istio control plane, a registry and sidecars without a cluster. All of them run
//! on loopback, from the programs that `scripts/get-istio.sh` installs.

#![allow(missing_docs, reason = "names say enough in a crate for tests")]
#![allow(clippy::missing_panics_doc, reason = "a failed step panics, which fails the test")]
#![allow(clippy::must_use_candidate, reason = "tests use what they ask for")]

pub mod api;
pub mod control_plane;
pub mod daemon;
pub mod image;
pub mod istiod;
pub mod kubectl;
mod mesh;
mod observe;
pub mod operator;
pub mod proxy;
pub mod registry;
pub mod service;
pub mod shipped;
pub mod tools;

pub use mesh::Mesh;
