//! Which addresses a webhook may be sent to.

use crate::{
    adapters::messenger::exchange::{self, Forbidden},
    domain::network::is_public,
};
use async_trait::async_trait;
use ipnet::IpNet;
use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};
use tokio::net::lookup_host;

/// Knows the addresses of hosts.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// The addresses of `host` as they are now.
    ///
    /// # Errors
    /// Where it has none, or nobody can be asked.
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver of the system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// Gives a connection the addresses that may be dialled, and no others. It is asked for each connection, and what it
/// gives is what is dialled: a name that leads elsewhere a moment later gains nothing.
#[derive(Clone)]
pub(super) struct Reach {
    allowed: Arc<[IpNet]>,
    lookup: Arc<dyn Lookup>,
}

impl Reach {
    pub(super) fn new(allowed: Vec<IpNet>, lookup: Arc<dyn Lookup>) -> Self {
        Self { allowed: allowed.into(), lookup }
    }

    fn permits(&self, address: IpAddr) -> bool {
        is_public(address) || self.allowed.iter().any(|network| network.contains(&address))
    }

    /// Whether the host of a URL may be dialled as far as it can be told without asking: nobody is asked for one that is
    /// an address.
    pub(super) fn permits_host(&self, url: &Url) -> bool {
        exchange::address(url).is_none_or(|address| self.permits(address))
    }
}

impl Resolve for Reach {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.clone();
        Box::pin(async move {
            let found = reach.lookup.addresses(name.as_str()).await?;
            let permitted: Vec<SocketAddr> =
                found.into_iter().filter(|address| reach.permits(*address)).map(|ip| SocketAddr::new(ip, 0)).collect();
            if permitted.is_empty() {
                return Err(Forbidden.into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}
