//! Counting units, and callers behind proxies.

use super::*;
use crate::domain::secret::secret32;
use proptest::prelude::*;

fn bucket(address: &str) -> AddressBucket {
    AddressBucket::of(address.parse().unwrap())
}

#[test]
fn counts_by_the_holder_of_addresses() {
    for (one, other, same) in [
        ("192.0.2.1", "192.0.2.1", true),
        ("192.0.2.1", "192.0.2.2", false),
        ("192.0.2.1", "::ffff:192.0.2.1", true),
        ("192.0.2.1", "64:ff9b::192.0.2.1", true),
        ("64:ff9b::192.0.2.1", "64:ff9b::192.0.2.2", false),
        ("64:ff9b:0:0:1::192.0.2.1", "64:ff9b:0:0:1::192.0.2.2", true),
        ("64:ff9b:1::192.0.2.1", "64:ff9b:1::192.0.2.2", true),
        ("2002:c000:201::1", "192.0.2.1", true),
        ("2002:c000:201:1::1", "2002:c000:201:ffff::1", true),
        ("2002:c000:201::1", "2002:c000:202::1", false),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
        ("2001:db8:1:2::1", "2001:db9:1:2::1", false),
        ("::1", "::2", true),
        ("::1", "127.0.0.1", false),
        ("::192.0.2.1", "192.0.2.1", false),
    ] {
        assert_eq!(bucket(one) == bucket(other), same, "{one} and {other}");
        let secret = secret32([3; 32]);
        assert_eq!(bucket(one).key(&secret) == bucket(other).key(&secret), same, "keys of {one} and {other}");
    }
    let (secret, another) = (secret32([3; 32]), secret32([4; 32]));
    assert_ne!(bucket("::1").key(&secret), bucket("::1").key(&another));
    assert_eq!(address_key("192.0.2.1".parse().ok(), &secret), bucket("192.0.2.1").key(&secret));
    assert_eq!(address_key(None, &secret), address_key(None, &secret));
    assert_ne!(address_key(None, &secret), address_key("0.0.0.0".parse().ok(), &secret));
}

#[test]
fn shows_the_neighbourhood_only() {
    for (address, masked, unlinked) in [
        ("203.0.113.77", "203.0.113.0/24", "203.0.113.x"),
        ("::ffff:203.0.113.77", "203.0.113.0/24", "203.0.113.x"),
        ("2001:db8:7:8:9::1", "2001:db8:7::/48", "2001:db8:7::/48"),
        ("::1", "::/48", "::/48"),
    ] {
        assert_eq!(bucket(address).masked(), masked);
        assert_eq!(bucket(address).masked_unlinked(), unlinked);
        assert_eq!(format!("{:?}", bucket(address)), "AddressBucket(…)");
    }
}

#[test]
fn believes_forwarded_addresses_from_trusted_peers_alone() {
    const CALLER: &str = "203.0.113.9";
    let none: &[&str] = &[];
    let proxies = &["10.0.0.0/8", "2001:db8:ff::/48"][..];
    for (name, peer, headers, trusted, expected) in [
        ("nobody is trusted by default", "10.0.0.1", &[CALLER][..], none, "10.0.0.1"),
        ("an untrusted peer is the caller", "198.51.100.1", &[CALLER], proxies, "198.51.100.1"),
        ("a stranger who claims to be a proxy", "198.51.100.1", &["10.0.0.1"], proxies, "198.51.100.1"),
        ("a trusted peer's word", "10.0.0.1", &[CALLER], proxies, CALLER),
        ("no header", "10.0.0.1", none, proxies, "10.0.0.1"),
        ("an empty header", "10.0.0.1", &[""], proxies, "10.0.0.1"),
        ("the rightmost that is not ours", "10.0.0.1", &["1.1.1.1, 203.0.113.9"], proxies, CALLER),
        ("past our own hops", "10.0.0.1", &["1.1.1.1, 203.0.113.9, 10.0.0.3,10.0.0.2"], proxies, CALLER),
        ("all hops are ours", "10.0.0.1", &["10.0.0.3, 10.0.0.2"], proxies, "10.0.0.3"),
        ("two headers are one list", "10.0.0.1", &["1.1.1.1", "203.0.113.9"], proxies, CALLER),
        ("two headers, the last all ours", "10.0.0.1", &["1.1.1.1, 203.0.113.9", "10.0.0.2"], proxies, CALLER),
        ("an empty second header stops", "10.0.0.1", &[CALLER, ""], proxies, "10.0.0.1"),
        ("rubbish stops at the last good hop", "10.0.0.1", &["203.0.113.9, rubbish, 10.0.0.2"], proxies, "10.0.0.2"),
        ("rubbish at once", "10.0.0.1", &["203.0.113.9, unknown"], proxies, "10.0.0.1"),
        ("rubbish to the left is not read", "10.0.0.1", &["rubbish, 203.0.113.9"], proxies, CALLER),
        ("an empty element stops", "10.0.0.1", &["203.0.113.9,,10.0.0.2"], proxies, "10.0.0.2"),
        ("a trailing comma stops", "10.0.0.1", &["203.0.113.9,"], proxies, "10.0.0.1"),
        ("blanks and tabs", "10.0.0.1", &["  \t203.0.113.9 \t"], proxies, CALLER),
        ("another blank is rubbish", "10.0.0.1", &["\u{a0}203.0.113.9"], proxies, "10.0.0.1"),
        ("a port", "10.0.0.1", &["203.0.113.9:4711"], proxies, CALLER),
        ("a port too large", "10.0.0.1", &["203.0.113.9:70000"], proxies, "10.0.0.1"),
        ("IPv6", "10.0.0.1", &["2001:db8::9"], proxies, "2001:db8::9"),
        ("IPv6 in brackets", "10.0.0.1", &["[2001:db8::9]"], proxies, "2001:db8::9"),
        ("IPv6 with a port", "10.0.0.1", &["[2001:db8::9]:443"], proxies, "2001:db8::9"),
        ("half a bracket", "10.0.0.1", &["[2001:db8::9"], proxies, "10.0.0.1"),
        ("IPv4 in brackets", "10.0.0.1", &["[203.0.113.9]"], proxies, "10.0.0.1"),
        ("quotes, which Forwarded has", "10.0.0.1", &["\"[2001:db8::9]\""], proxies, "10.0.0.1"),
        ("the form of Forwarded", "10.0.0.1", &["for=203.0.113.9"], proxies, "10.0.0.1"),
        ("a hidden hop", "10.0.0.1", &["_hidden"], proxies, "10.0.0.1"),
        ("a zone", "10.0.0.1", &["fe80::1%eth0"], proxies, "10.0.0.1"),
        ("octal", "10.0.0.1", &["0313.0.113.9"], proxies, "10.0.0.1"),
        ("a network", "10.0.0.1", &["203.0.113.0/24"], proxies, "10.0.0.1"),
        ("a mapped peer", "::ffff:10.0.0.1", &[CALLER], proxies, CALLER),
        ("a mapped peer without a header", "::ffff:10.0.0.1", none, proxies, "10.0.0.1"),
        ("a mapped caller", "10.0.0.1", &["::ffff:203.0.113.9"], proxies, CALLER),
        ("a mapped hop of ours", "10.0.0.1", &["203.0.113.9, ::ffff:10.0.0.2"], proxies, CALLER),
        ("an IPv6 proxy", "2001:db8:ff::1", &[CALLER], proxies, CALLER),
        ("trusting the whole of IPv6 is not IPv4", "198.51.100.1", &[CALLER], &["::/0"], "198.51.100.1"),
        ("trusting everybody believes the first", "198.51.100.1", &["1.1.1.1, 2.2.2.2"], &["0.0.0.0/0"], "1.1.1.1"),
    ] {
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        let caller = client_address(peer.parse().unwrap(), headers, &trusted);
        assert_eq!(caller, expected.parse::<IpAddr>().unwrap(), "{name}");
    }
}

proptest! {
    #[test]
    fn no_header_moves_an_untrusted_peer(
        peer in any::<IpAddr>(),
        headers in prop::collection::vec("[0-9a-f.:,\\[\\] x]{0,40}", 0..4),
    ) {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        prop_assume!(!trusted.iter().any(|network: &IpNet| network.contains(&peer.to_canonical())));
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        prop_assert_eq!(client_address(peer, &headers, &trusted), peer.to_canonical());
    }

    #[test]
    fn what_a_caller_writes_before_the_proxy_does_not_matter(
        forged in "[0-9a-f.:,\\[\\] x]{0,40}",
        caller in any::<IpAddr>(),
    ) {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        prop_assume!(!trusted.iter().any(|network: &IpNet| network.contains(&caller.to_canonical())));
        let header = format!("{forged}, {caller}");
        let found = client_address("10.0.0.1".parse().unwrap(), &[&forged, &header], &trusted);
        prop_assert_eq!(found, caller.to_canonical());
    }

    #[test]
    fn a_network_of_64_bits_is_one_unit(prefix in any::<u64>(), one in any::<u64>(), other in any::<u64>()) {
        let address = |host| IpAddr::V6(Ipv6Addr::from_bits(u128::from(prefix) << 64 | u128::from(host)));
        prop_assume!(prefix != 0 && prefix != 0x0064_ff9b_0000_0000);
        prop_assert!(AddressBucket::of(address(one)) == AddressBucket::of(address(other)));
    }
}

#[test]
fn the_wider_tier_is_of_ipv6_alone() {
    let key = secret32([1; 32]);
    let network = |text: &str| AddressBucket::of(text.parse().unwrap()).network_key(&key);
    assert_eq!(network("2001:db8:7:1::1"), network("2001:db8:7:ffff::9"));
    assert_ne!(network("2001:db8:7:1::1"), network("2001:db8:8:1::1"));
    for v4 in ["203.0.113.7", "::ffff:203.0.113.7", "64:ff9b::203.0.113.7", "2002:cb00:7107:1::1"] {
        assert_eq!((network(v4), AddressBucket::of(v4.parse().unwrap()).network()), (None, None), "{v4}");
    }
    let narrow = AddressBucket::of("2001:db8:7:1::1".parse().unwrap());
    assert_eq!(narrow.network(), Some(AddressBucket::of("2001:db8:7::".parse().unwrap())));
    assert_ne!(narrow.network_key(&key), Some(narrow.key(&key)), "two tiers are two budgets");
}
