//! The budgets of a request for a code, as the limiter knows them: one place names their keys.

use crate::{
    domain::{
        contact::Identifier,
        digest::Digest,
        network::{self, AddressBucket},
        policy::{LimitRule, LimitRules, Mode},
        secret::Secret32,
        window::{Kept, Window},
    },
    ports::limiter::{Layer, LayerKind},
};
use std::{net::IpAddr, sync::Arc};

/// The budget of an identifier.
pub(super) fn identifier(whose: &Identifier, rule: &LimitRule, index: &Secret32) -> Layer {
    by_rule(LayerKind::Identifier, whose.abuse_key(index).0, rule)
}

/// The reserve of a known device, by the key of its own counters.
pub(super) fn device(own: Digest, rule: &LimitRule) -> Layer {
    by_rule(LayerKind::Device, own, rule)
}

/// The budget of a client address; without one, of all that have none.
pub(super) fn address(address: Option<IpAddr>, rule: &LimitRule, index: &Secret32) -> Layer {
    by_rule(LayerKind::Address, network::address_key(address, index), rule)
}

/// The budget of an address' IPv6 network of 48 bits; `None` for IPv4 and where no address is known.
pub(super) fn network(address: Option<IpAddr>, rule: &LimitRule, index: &Secret32) -> Option<Layer> {
    let key = AddressBucket::of(address?).network_key(index)?;
    Some(by_rule(LayerKind::Network, key, rule))
}

/// The budgets of events of wrong guesses: of a client address, and of its IPv6 network of 48 bits. They take the windows
/// of requests for codes, on logs of their own, and are enforced where those are in shadow: they refuse nobody.
pub(super) fn guesses(address: Option<IpAddr>, rules: &LimitRules, index: &Secret32) -> Vec<Layer> {
    let of_network = address.and_then(|address| AddressBucket::of(address).network_key(index));
    let of_address = enforced(LayerKind::Guesses, network::address_key(address, index), &rules.address.windows);
    let of_network = of_network.and_then(|key| enforced(LayerKind::Guesses, key, &rules.network.windows));
    of_address.into_iter().chain(of_network).collect()
}

/// The budget of everybody together.
pub(super) fn all(rule: &LimitRule, index: &Secret32) -> Layer {
    by_rule(LayerKind::All, Digest::hmac(index, &[b"identity.v1 everyone"]), rule)
}

/// The budget of an identifier's requests without a proof; `None` where the rule has none.
pub(super) fn unproven_identifier(whose: &Identifier, windows: &Arc<[Window]>, index: &Secret32) -> Option<Layer> {
    enforced(LayerKind::UnprovenIdentifier, whose.abuse_key(index).0, windows)
}

/// The budget of a client address' requests without a proof; `None` where the rule has none.
pub(super) fn unproven_address(address: Option<IpAddr>, windows: &Arc<[Window]>, index: &Secret32) -> Option<Layer> {
    enforced(LayerKind::UnprovenAddress, network::address_key(address, index), windows)
}

fn by_rule(kind: LayerKind, key: Digest, rule: &LimitRule) -> Layer {
    Layer { kind, key, windows: rule.windows.clone(), mode: rule.mode, kept: rule.kept }
}

fn enforced(kind: LayerKind, key: Digest, windows: &Arc<[Window]>) -> Option<Layer> {
    let layer = || Layer { kind, key, windows: Arc::clone(windows), mode: Mode::Enforce, kept: Kept::of(windows) };
    (!windows.is_empty()).then(layer)
}
