//! Text messages: what one counts on, and who hears where it is kept back.

use crate::{
    domain::{contact::PhoneNumber, digest::Digest, id::EventId, network::neighbourhood_key},
    ports::{
        entropy::Entropy,
        keys::Keys,
        policy::Policies,
        store::{TextMessage, Withheld},
    },
};
use std::{net::IpAddr, sync::Arc};

/// What a message to `number` counts on, asked for from `address`, under the policy in force.
pub(super) fn counted(
    number: &PhoneNumber,
    address: Option<IpAddr>,
    keys: &dyn Keys,
    entropy: &dyn Entropy,
    policies: &dyn Policies,
) -> TextMessage {
    let index = keys.index();
    TextMessage {
        rules: Arc::clone(&policies.current().policy().rules.sms),
        country: number.country(),
        kind: number.kind(),
        prefix_key: Digest::hmac(&index, &[b"identity.v1 number prefix", number.prefix().as_bytes()]),
        network_key: neighbourhood_key(address, &index),
        further_event_id: EventId::new(entropy.uuid()),
    }
}

/// Tells the operator of a message that was kept back; whoever asked for it is told nothing.
pub(super) fn tell(withheld: Withheld) {
    let Withheld { stop, country, alarm } = withheld;
    let (reason, country) = (stop.as_str(), country.map(|country| country.to_string()));
    if alarm {
        tracing::error!(reason, country, "text messages are kept back: a budget is spent, or too many codes go unused");
    } else {
        tracing::debug!(reason, country, "a text message is kept back");
    }
}
