//! What the engines need of the world, and nothing else. Adapters provide it; tests provide faults.
//!
//! A method is one atomic step, told as an outcome; an error is a fault of the part behind it.

pub mod analytics;
pub mod clock;
pub mod entropy;
pub mod keys;
pub mod limiter;
pub mod mailbox;
pub mod messenger;
pub mod policy;
pub mod proof;
pub mod receipts;
pub mod review;
pub mod signer;
pub mod store;
