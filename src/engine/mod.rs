//! Use cases: the only place that decides.

pub mod account;
pub mod answers;
pub mod clocks;
pub mod delivery;
pub mod explain;
mod fault;
pub mod funnel;
pub mod grant;
pub mod guesses;
pub mod key_log;
mod layers;
pub mod limiter_log;
pub mod otp;
pub mod pages;
pub mod policy;
pub mod readiness;
pub mod review;
mod security;
pub mod simulate;
mod text_messages;
pub mod token;
