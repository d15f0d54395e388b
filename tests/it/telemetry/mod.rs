//! What the service tells of itself, and what it must not tell.

mod analytics;
mod canaries;
mod metrics;
mod traces;
