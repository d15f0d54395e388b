//! How the service and its tests are operated.

mod commands;
mod config;
pub(crate) mod delivery;
mod documents;
mod handshakes;
mod log;
mod output;
mod peers;
mod policy;
pub(crate) mod posting;
mod process;
pub(crate) mod providers;
mod proxy;
mod rights;
mod run;
mod serve;
mod silent;
mod smtp;
mod templates;
