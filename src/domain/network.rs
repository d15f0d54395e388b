//! Network addresses as units of counting.

use super::{digest::Digest, secret::Secret32};
use std::net::IpAddr;

/// The key under which requests from an address are counted: an IPv4 address by itself, an IPv6 address with its /64.
/// Requests without a known address share one budget; none of them has none.
#[must_use]
pub fn address_key(address: Option<IpAddr>, key: &Secret32) -> Digest {
    let unit = match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V4(address)) => address.octets().to_vec(),
        Some(IpAddr::V6(address)) => address.octets()[..8].to_vec(),
        None => Vec::new(),
    };
    Digest::hmac(key, &[b"identity.v1 address", &unit])
}
