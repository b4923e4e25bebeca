//! Tests of the recipes in `docs/recipes`, run by `make test-recipes`.
//!
//! Each recipe's plugin configuration runs in a real Envoy, as its manifest has it.
//! `ENVOY` and `PLUGIN_WASM` are as in the end-to-end suite. `PREFECT` is the folder
//! that `scripts/get-prefect.sh` prints.

#![allow(missing_docs, reason = "a test, not a library")]

mod bypass;
mod gateway_host;
mod manifest;
mod planned_night;
mod prefect;
mod prefect_server;
mod problem_json;
mod read_only;
mod shipped;
