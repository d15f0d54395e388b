//! Wiring, serving, jobs and shutdown: the only module that names engines and adapters together.

pub mod accept;
pub mod serve;
