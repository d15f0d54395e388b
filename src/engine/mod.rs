//! Use cases: the only place that decides.

pub mod account;
pub mod delivery;
pub mod otp;
pub mod token;
