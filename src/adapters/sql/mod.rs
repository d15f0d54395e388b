//! The stores: PostgreSQL, and SQLite embedded.
