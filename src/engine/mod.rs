//! Use cases: the only place that decides.

pub mod delivery;
pub mod token;
