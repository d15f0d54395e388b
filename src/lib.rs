//! Passwordless sign-in as one service. This page is the map of the house.
//!
//! ```text
//! caller → grpc/layers → grpc/<service>/<method> → engine → ports ← adapters → PostgreSQL · SQLite · Redis · SMTP
//!                                                    ↓
//!                                                  domain (pure)
//! ```
//!
//! | module | may use | never |
//! |---|---|---|
//! | [`domain`] | std, small pure crates | tokio, tracing, sqlx, any other module |
//! | [`ports`] | domain | engine, grpc, adapters |
//! | [`engine`] | domain, ports | grpc, adapters, config, sqlx, redis, tonic, the system clock, ambient randomness |
//! | [`edge`] | domain | any other module |
//! | [`grpc`], [`web`] | domain, engine, edge | ports, adapters, config |
//! | [`adapters`] | domain, ports | engine, grpc, config |
//! | [`app`] | everything | |
//!
//! `tests/it/architecture.rs` reads the `use` lines and fails on a broken wall.

pub mod adapters;
pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod edge;
pub mod engine;
pub mod grpc;
pub mod ports;
pub mod telemetry;
pub mod web;
