//! The integration tests: one binary, so that one PostgreSQL serves them all. `tests/README.md` says how to add one.
#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "tests measure real time and read their own environment")]

mod architecture;
mod attack;
mod both_stores;
mod contract;
mod flow;
mod ops;
mod race;
mod rpc;
mod support;
mod telemetry;
mod web;
