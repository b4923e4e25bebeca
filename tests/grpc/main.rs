//! Behaviour of gRPC clients while a service is in maintenance: real clients of grpc-go
//! (`client.go`) and of grpcio (`client.py`) call a service behind a real Envoy.
//! `docs/grpc.md` tells operators the consequences.
//!
//! `GRPC_CLIENTS` is the folder that `scripts/get-grpc-clients.sh` prints.

mod call;
mod exemption;
mod metadata;
mod no_retry_policy;
mod pushback;
mod support;
