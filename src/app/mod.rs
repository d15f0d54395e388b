//! Wiring, serving, jobs and shutdown: the only module that names engines and adapters together.

pub mod accept;
mod announce;
pub mod embedded;
mod failure;
mod jobs;
mod lock;
mod material;
pub mod process;
mod run;
pub mod serve;
mod shutdown;
pub mod templates;
mod wire;

pub use crate::engine::simulate::LONGEST_SPAN as LONGEST_SIMULATION;
pub use failure::Failure;
pub use run::{check, migrate, serve as serve_until_told_to_stop, simulate};
