//! The integration tests: one binary, so that one PostgreSQL serves them all. `tests/README.md` says how to add one.
#![cfg(test)]
