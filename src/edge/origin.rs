//! Where a call comes from: the peer of the connection, or whom trusted proxies name.

use crate::domain::network::client_address;
use http::HeaderMap;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

/// The client's address. `x-forwarded-for` counts only from trusted proxies.
pub(crate) fn address_of(peer: SocketAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    if trusted.is_empty() {
        return peer.ip().to_canonical();
    }
    // What is not text is no address either, and ends the list where it stands.
    let forwarded: Vec<&str> =
        headers.get_all("x-forwarded-for").iter().map(|value| value.to_str().unwrap_or("?")).collect();
    client_address(peer.ip(), &forwarded, trusted)
}
