//! What the service tells of itself, and what it must not tell.

mod canaries;
mod metrics;
mod traces;
