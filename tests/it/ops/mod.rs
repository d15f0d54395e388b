//! How the service and its tests are operated.

mod commands;
mod peers;
mod proxy;
mod run;
mod serve;
mod smtp;
