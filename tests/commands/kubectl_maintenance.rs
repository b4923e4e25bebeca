//! `kubectl maintenance` with a stand-in for kubectl, and with no program on PATH
//! that the plugin may not use. The suite `istio` runs it against a real API server.

mod cluster;
mod output;
mod status;
mod switching;
mod usage;
mod waiting;
