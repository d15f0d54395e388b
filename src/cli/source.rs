//! Where a command takes its configuration from.

use crate::{
    app::{Failure, embedded},
    config::{
        Config,
        embedded::{ISSUER, Listeners},
    },
};
use clap::Args;
use std::{net::SocketAddr, path::PathBuf};

/// Where the embedded default listens.
pub(super) const LISTENERS: Listeners =
    Listeners { grpc: loopback(50_051), http: loopback(8080), admin: loopback(50_052), metrics: None };

const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), port)
}

/// A file, or the embedded default.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct Source {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder of the embedded default, which needs no file
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

impl Source {
    /// The validated configuration. `prepare` makes what the embedded default lacks on its first start.
    pub(super) fn load(&self, prepare: bool) -> Result<Config, Failure> {
        match (&self.config, &self.data_dir) {
            (_, Some(folder)) => {
                let config = Config::embedded(folder, LISTENERS, ISSUER)?;
                if prepare {
                    embedded::prepare(&config)?;
                }
                Ok(config)
            }
            (Some(file), None) => Ok(Config::load(file)?),
            (None, None) => Err(Failure::Arguments("neither --config nor --data-dir is given".to_owned())),
        }
    }

    /// Whether it is the embedded default.
    pub(super) const fn is_embedded(&self) -> bool {
        self.data_dir.is_some()
    }
}
