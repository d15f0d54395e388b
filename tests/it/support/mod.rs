//! What the tests stand on: real peers, private to the run, that leave nothing behind. `tests/README.md` shows their use.

pub(crate) mod audit;
pub(crate) mod browser;
pub(crate) mod captcha;
pub(crate) mod certificates;
pub(crate) mod client;
pub(crate) mod clock;
pub(crate) mod cluster;
pub(crate) mod entropy;
pub(crate) mod http;
pub(crate) mod logs;
pub(crate) mod mail;
pub(crate) mod otlp;
pub(crate) mod port;
pub(crate) mod postgres;
mod preload;
pub(crate) mod providers;
pub(crate) mod proxy;
pub(crate) mod redis;
pub(crate) mod refusal;
pub(crate) mod run;
pub(crate) mod server;
pub(crate) mod service;
pub(crate) mod settings;
pub(crate) mod slow_disk;
pub(crate) mod smtp;
pub(crate) mod wait;
pub(crate) mod world;
