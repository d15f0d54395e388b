//! Use cases: the only place that decides.

pub mod account;
pub mod answers;
pub mod delivery;
mod fault;
pub mod limiter_log;
pub mod otp;
pub mod policy;
pub mod readiness;
pub mod review;
pub mod token;
