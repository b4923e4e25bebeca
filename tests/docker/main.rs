//! Tests that need Docker: the OCI image of the module, the compose file, and the
//! Prometheus metrics, rules and dashboard. `make test-docker` sets the names of
//! the images.

mod compose;
mod demonstration;
mod image;
mod metrics;
mod registry;
mod rules;
mod support;
