//! Addresses of the network: who a caller is behind proxies, and the unit that requests are counted by.

mod reach;

pub use reach::is_public;

use super::{digest::Digest, secret::Secret32};
use ipnet::IpNet;
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

/// What one holder of addresses is counted as: an IPv4 address, or an IPv6 network of 64 bits (the least that a
/// subscriber is given, RFC 6177).
///
/// IPv6 addresses that stand for an IPv4 address are counted as that one: mapped (`::ffff:0:0/96`), translated
/// (`64:ff9b::/96`, RFC 6052, where a /64 would be everybody) and 6to4 (`2002::/16`, RFC 3056, where the holder of
/// one IPv4 address has 65,536 networks).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressBucket {
    /// One IPv4 address.
    V4(Ipv4Addr),
    /// The network of this address and the 64 bits after it, which are zero.
    V6(Ipv6Addr),
}

impl AddressBucket {
    /// The unit that an address is counted in.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => {
                embedded(address).map_or_else(|| Self::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)), Self::V4)
            }
        }
    }

    /// The key under which its requests are counted: it tells the address only to the holder of the secret.
    #[must_use]
    pub fn key(&self, key: &Secret32) -> Digest {
        let (family, octets): (&[u8], &[u8]) = match self {
            Self::V4(address) => (b"v4", &address.octets()),
            Self::V6(address) => (b"v6", &address.octets()[..8]),
        };
        Digest::hmac(key, &[b"identity.v1 address", family, octets])
    }

    /// The key under which requests of the IPv6 network of 48 bits are counted together: the most that one site is
    /// given (RFC 6177), 65,536 networks of 64 bits. `None` for IPv4, where a neighbourhood is many subscribers.
    #[must_use]
    pub fn network_key(&self, key: &Secret32) -> Option<Digest> {
        let Self::V6(address) = self else { return None };
        Some(Digest::hmac(key, &[b"identity.v1 network", b"v6", &address.octets()[..6]]))
    }

    /// The network that [`Self::network_key`] counts.
    #[must_use]
    pub fn network(&self) -> Option<Self> {
        match self {
            Self::V4(_) => None,
            Self::V6(address) => Some(Self::V6(Ipv6Addr::from_bits(address.to_bits() >> 80 << 80))),
        }
    }

    /// The neighbourhood, such as `203.0.113.0/24` or `2001:db8:7::/48`: enough for a person to recognise a network,
    /// too little to find a household.
    #[must_use]
    pub fn masked(&self) -> String {
        match self {
            Self::V4(address) => format!("{}/24", Ipv4Addr::from_bits(address.to_bits() & !0xff)),
            Self::V6(address) => format!("{}/48", Ipv6Addr::from_bits(address.to_bits() >> 80 << 80)),
        }
    }

    /// The same in a form that a phone makes no link of, such as `203.0.113.x` or `2001:db8:7::/48`: what looks like an IPv4
    /// address can be pressed in a text message, and leads to whoever holds it.
    #[must_use]
    pub fn masked_unlinked(&self) -> String {
        match self {
            Self::V4(address) => {
                let [first, second, third, _] = address.octets();
                format!("{first}.{second}.{third}.x")
            }
            Self::V6(_) => self.masked(),
        }
    }
}

impl fmt::Debug for AddressBucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AddressBucket(…)")
    }
}

/// The key under which requests from an address are counted. Requests without a known address share one budget; none
/// of them has none.
#[must_use]
pub fn address_key(address: Option<IpAddr>, key: &Secret32) -> Digest {
    match address {
        Some(address) => AddressBucket::of(address).key(key),
        None => Digest::hmac(key, &[b"identity.v1 address", b"none"]),
    }
}

/// The key of the neighbourhood that an address belongs to: 256 addresses of IPv4, a network of 48 bits of IPv6. Unknown
/// addresses are one neighbourhood.
#[must_use]
pub fn neighbourhood_key(address: Option<IpAddr>, key: &Secret32) -> Digest {
    let name = address.map_or_else(String::new, |address| AddressBucket::of(address).masked());
    Digest::hmac(key, &[b"identity.v1 neighbourhood", name.as_bytes()])
}

/// The address of the caller, given the address of the peer that holds the connection, the values of the
/// `x-forwarded-for` headers in the order in which they came, and the networks of trusted proxies.
///
/// Only a trusted peer's word is taken, and only for the hop before it: the list is walked from the right, past
/// trusted hops, to the first address that is none of ours. Where the list ends, or goes on with what is no address,
/// the caller is the last trusted hop, so that what cannot be told apart shares one budget and nobody has none.
/// `forwarded` and `x-real-ip` have no meaning here.
///
/// Addresses are compared and returned as IPv4 where they are IPv4 mapped into IPv6; `trusted` names IPv4 networks
/// as IPv4.
#[must_use]
pub fn client_address(peer: IpAddr, forwarded_for: &[&str], trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut hops = forwarded_for.iter().rev().flat_map(|value| value.rsplit(','));
    let mut caller = peer.to_canonical();
    while is_trusted(&caller) {
        match hops.next().and_then(hop) {
            Some(earlier) => caller = earlier,
            None => break,
        }
    }
    caller
}

/// One hop of the list: an address, in brackets or not, with a port or not.
fn hop(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches([' ', '\t']);
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = match bare {
        Some(inner) => inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => text.parse::<IpAddr>().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip())),
    };
    address.map(|address| address.to_canonical())
}

/// The IPv4 address that an IPv6 address stands for.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let join = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => Some(join(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
