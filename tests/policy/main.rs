//! Tests of the configuration and the behaviour table on the pure policy, without
//! a proxy.

mod active;
mod announcement;
mod arbitrary;
mod behaviour;
mod browser;
mod bypass;
mod configurations;
mod dry_run;
mod grpc;
mod json;
mod limits;
mod malformed;
mod matching;
mod naive;
mod replies;
mod requests;
mod scope;
mod support;
mod window;
