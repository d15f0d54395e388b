//! The stores: PostgreSQL for production, SQLite embedded.
//!
//! A step of a port is written once, in `steps`, over a `link::Link` within one transaction. PostgreSQL does the steps
//! of the hot paths in one statement instead (`postgres/*.rs`); it falls back to the common step where that statement
//! changed nothing and the reason has to be found. `docs/decisions/0010` to `0014` say why.

mod engine;
mod fault;
mod fields;
mod lane;
mod link;
mod migrations;
mod options;
mod pool;
mod postgres;
mod rows;
mod sqlite;
mod statements;
mod steps;
mod store;

pub use fault::OpenFault;
pub use options::{PostgresOptions, PostgresTls};
pub use postgres::Postgres;
pub use sqlite::Sqlite;
pub use statements::{STATEMENTS, Statement};
pub use store::SqlStore;

/// A store on PostgreSQL 15 or later.
pub type PostgresStore = SqlStore<Postgres>;

/// A store in one SQLite file.
pub type SqliteStore = SqlStore<Sqlite>;
