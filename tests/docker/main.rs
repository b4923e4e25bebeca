//! What runs in containers: the image that a mesh pulls, the compose file, and
//! what Prometheus makes of it all. `make test-docker` names the images.

mod compose;
mod demonstration;
mod image;
mod metrics;
mod registry;
mod rules;
mod support;
