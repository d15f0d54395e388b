//! How the service and its tests are operated.

mod commands;
mod config;
mod delivery;
mod documents;
mod peers;
mod policy;
mod process;
pub(crate) mod providers;
mod proxy;
mod run;
mod serve;
mod smtp;
mod templates;
