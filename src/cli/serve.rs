//! `identity serve`: the service itself.

use super::source::LISTENERS;
use crate::{
    app::{self, Failure, embedded},
    config::{
        Config,
        embedded::{ISSUER, Listeners},
    },
};
use clap::{ArgGroup, Args};
use std::{net::SocketAddr, path::PathBuf};

/// The arguments.
#[derive(Args)]
#[command(group(ArgGroup::new("source").required(true).args(["config", "embedded"])))]
pub(super) struct Serve {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Run without a file: SQLite, limits in memory, mail into a folder, keys made at the first start
    #[arg(long, requires = "data_dir")]
    embedded: bool,
    /// Where the embedded default keeps everything
    #[arg(long, value_name = "DIR", requires = "embedded")]
    data_dir: Option<PathBuf>,
    /// gRPC and gRPC-Web; port 0 takes a free one [default: 127.0.0.1:50051]
    #[arg(long, value_name = "ADDRESS", requires = "embedded")]
    grpc_listen: Option<SocketAddr>,
    /// Key set, discovery, health, pages for people and mailbox [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS", requires = "embedded")]
    http_listen: Option<SocketAddr>,
    /// `AdminService` [default: 127.0.0.1:50052]
    #[arg(long, value_name = "ADDRESS", requires = "embedded")]
    admin_listen: Option<SocketAddr>,
    /// Metrics for Prometheus, at /metrics [default: not served]
    #[arg(long, value_name = "ADDRESS", requires = "embedded")]
    metrics_listen: Option<SocketAddr>,
    /// The issuer of tokens, the same over every start [default: <http://localhost:8080>]
    #[arg(long, value_name = "URL", requires = "embedded")]
    issuer: Option<String>,
}

impl Serve {
    /// Serves until it is told to stop.
    pub(super) fn run(self) -> Result<(), Failure> {
        let config = match (&self.config, &self.data_dir) {
            (Some(file), _) => Config::load(file)?,
            (None, Some(folder)) => {
                let config = Config::embedded(folder, self.listeners(), self.issuer.as_deref().unwrap_or(ISSUER))?;
                embedded::prepare(&config)?;
                config
            }
            (None, None) => return Err(Failure::Arguments("neither --config nor --embedded is given".to_owned())),
        };
        app::serve_until_told_to_stop(&config)
    }

    fn listeners(&self) -> Listeners {
        Listeners {
            grpc: self.grpc_listen.unwrap_or(LISTENERS.grpc),
            http: self.http_listen.unwrap_or(LISTENERS.http),
            admin: self.admin_listen.unwrap_or(LISTENERS.admin),
            metrics: self.metrics_listen,
        }
    }
}
