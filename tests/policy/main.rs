//! The whole configuration and behaviour table, on the pure policy.

mod arbitrary;
mod behaviour;
mod configurations;
mod json;
mod limits;
mod malformed;
mod matching;
mod naive;
mod replies;
mod requests;
mod support;
