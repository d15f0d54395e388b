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
//! | [`grpc`], [`web`] | domain, engine, edge, telemetry | ports, adapters, config |
//! | [`adapters`] | domain, ports, telemetry | engine, grpc, config |
//! | [`telemetry`] | domain | any other module |
//! | [`config`] | domain | any other module, the environment |
//! | [`app`] | domain, ports, engine, edge, grpc, web, adapters, config, telemetry: it puts them together | cli |
//! | [`cli`] | app, config, domain, telemetry | engine, ports, adapters |
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
