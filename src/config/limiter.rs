//! `[limiter]`: where requests are counted.

use super::{
    form::{List, Span, Switch, Whole},
    network::{self, HostPort, Tls},
    reader::Section,
};
use std::{path::PathBuf, time::Duration};

/// A healthy Redis answers within a hundredth of it; a person does not notice it.
const DEFAULT_TIMEOUT: Duration = Duration::from_millis(50);

/// Whoever runs more and says nothing exceeds the limits while Redis is away; whoever runs fewer is only asked for more
/// patience then. Three are what a deployment over three zones runs.
const DEFAULT_REPLICAS: u32 = 3;

/// The section.
#[derive(Clone, Debug)]
pub enum Limiter {
    /// In this process: exact for one process alone.
    Memory,
    /// On a Redis that all processes share.
    Redis(Redis),
}

/// Which servers count.
#[derive(Clone, Debug)]
pub enum Servers {
    /// One.
    One(HostPort),
    /// A Cluster, of which these nodes are known.
    Cluster(Vec<HostPort>),
}

impl Servers {
    /// The hosts that are named.
    fn hosts(&self) -> &[HostPort] {
        match self {
            Self::One(host) => std::slice::from_ref(host),
            Self::Cluster(nodes) => nodes,
        }
    }
}

/// A Redis server or Cluster, version 7 or later.
#[derive(Clone, Debug)]
pub struct Redis {
    /// Where it is: one server, or some nodes of a Cluster.
    pub servers: Servers,
    /// The ACL user; `None` is the default user.
    pub user: Option<String>,
    /// The password; a secret file. `None` where the server asks for none.
    pub password_file: Option<PathBuf>,
    /// Whether the connection is encrypted.
    pub tls: Tls,
    /// Authorities that are trusted instead of the system's, in PEM.
    pub ca_file: Option<PathBuf>,
    /// How long one decision may take.
    pub timeout: Duration,
    /// How many processes share the limits: each goes on at its part of them while Redis is away.
    pub replicas: u32,
}

pub(super) fn read(section: &mut Section<'_>) -> Option<Limiter> {
    match section.choice(&["memory", "redis"])? {
        "memory" => section.section("memory", |_| Some(Limiter::Memory)),
        _ => section.section("redis", read_redis).map(Limiter::Redis),
    }
}

fn read_redis(section: &mut Section<'_>) -> Option<Redis> {
    let servers = read_servers(section);
    let user = section.get("user", &network::words::<128>("the name of an ACL user")).optional();
    let password_file = network::path(section, "password_file", "the path of a file with the password").optional();
    let named = servers.as_ref().map_or(&[][..], Servers::hosts);
    // Of several hosts one elsewhere decides.
    let host = named.iter().find(|server| !network::is_loopback(&server.host)).or(named.first());
    let tls = network::tls(section, host.map(|server| server.host.as_str()));
    let ca_file = network::path(section, "ca_file", "the path of the authorities in PEM").optional();
    let timeout = section.get("timeout", &Span(Duration::from_millis(10)..=Duration::from_secs(5))).or(DEFAULT_TIMEOUT);
    let replicas = section.get("replicas", &Whole(1..=1000)).or(DEFAULT_REPLICAS);
    let (user, password_file) = (user?, password_file?);
    if user.is_some() && password_file.is_none() {
        section.wrong("user", "has no password", "name the password's file in password_file");
        return None;
    }
    Some(Redis {
        servers: servers?,
        user,
        password_file,
        tls: tls?,
        ca_file: ca_file?,
        timeout: timeout?,
        replicas: replicas?,
    })
}

fn read_servers(section: &mut Section<'_>) -> Option<Servers> {
    let cluster = section.get("cluster", &Switch).or(false);
    let address = section.get("address", &network::host_port()).optional();
    let nodes = section.get("nodes", &List(network::host_port())).optional();
    match (cluster?, address?, nodes?) {
        (false, Some(address), None) => return Some(Servers::One(address)),
        (true, None, Some(nodes)) if !nodes.is_empty() => return Some(Servers::Cluster(nodes)),
        (true, Some(_), _) => {
            section.wrong("address", "is one server, and cluster = true", "name nodes of the Cluster in nodes");
        }
        (true, None, _) => section.wrong(
            "nodes",
            "names no node",
            "name nodes of the Cluster, each a host and port such as \"cache-1.internal:6379\"",
        ),
        (false, _, Some(_)) => section.wrong(
            "nodes",
            "has no effect without cluster = true",
            "write cluster = true, or name the one server in address",
        ),
        (false, None, None) => {
            section.wrong("address", "is missing", "give a host and port such as \"cache.internal:6379\"");
        }
    }
    None
}

#[cfg(test)]
mod tests;
