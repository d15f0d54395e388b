//! The world behind the ports: stores, limiters, providers, keys, the clock.

pub mod analytics;
pub mod captcha;
mod certificate;
pub mod counted;
pub mod fallback;
pub mod keys;
pub mod memory;
pub mod messenger;
pub mod policy;
pub mod redis;
pub mod review;
pub mod signer;
pub mod sql;
pub mod system;
