//! Use cases: the only place that decides.

pub mod account;
mod answers;
pub mod delivery;
mod fault;
pub mod token;
