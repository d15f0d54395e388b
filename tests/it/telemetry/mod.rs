//! What the service tells of itself, and what it must not tell.

mod analytics;
mod canaries;
pub(crate) mod metrics;
mod traces;
