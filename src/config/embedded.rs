//! The embedded default: a whole service on this machine without a file, for development and small tools.

use super::{Config, problem::Problems};
use std::{net::SocketAddr, path::Path};

/// The issuer of the embedded default. It is a name, not an address that must answer: it stays the same when ports
/// change from start to start, so that tokens stay good.
pub const ISSUER: &str = "http://localhost:8080";

/// Where the embedded default listens.
#[derive(Clone, Copy, Debug)]
pub struct Listeners {
    /// gRPC and gRPC-Web.
    pub grpc: SocketAddr,
    /// Key set, discovery, health, mailbox.
    pub http: SocketAddr,
    /// `AdminService`.
    pub admin: SocketAddr,
    /// Metrics for Prometheus, where they are served.
    pub metrics: Option<SocketAddr>,
}

impl Config {
    /// Everything under one folder: the database, the mailbox and the keys.
    ///
    /// # Errors
    /// Where the issuer is not a URL.
    pub fn embedded(folder: &Path, listeners: Listeners, issuer: &str) -> Result<Self, Problems> {
        // The same words that a file would have, and so the same checks. Relative paths start at the data folder.
        Self::parse(&folder.join("(embedded default)"), document(listeners, issuer))
    }
}

fn document(Listeners { grpc, http, admin, metrics }: Listeners, issuer: &str) -> String {
    let issuer = toml::Value::from(issuer);
    let metrics = metrics.map(|address| format!("metrics_listen = \"{address}\"\n")).unwrap_or_default();
    // Whoever gives another address than the loopback on the command line has decided.
    format!(
        r#"
[service]
environment = "development"
issuer = {issuer}
[listen]
grpc = "{grpc}"
http = "{http}"
admin = "{admin}"
tls = "disable-on-trusted-network"
web_origins = ["*"]
[store.sqlite]
path = "identity.db"
[limiter.memory]
[delivery.mailbox]
directory = "mailbox"
[delivery.sms.mailbox]
directory = "mailbox"
[secrets]
directory = "secrets"
[[clients]]
client_id = "default"
display_name = "Identity"
audiences = ["identity"]
[pages]
enabled = true
[links]
base_url = "own-listener"
[telemetry]
log_format = "human"
{metrics}"#
    )
}
