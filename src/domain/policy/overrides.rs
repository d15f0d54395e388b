//! `[[override]]`: what differs for some traffic.
//!
//! Of the overrides that match, those that name fewer of client, channel and purpose are applied first; of those that
//! name as many, the earlier in the file. What is applied later wins, figure by figure.

use super::{Change, Policy, Rules};
use crate::domain::{challenge::Purpose, client::ClientId, contact::Channel};

/// How many overrides a policy may have; it is resolved for each client that they name.
pub const MAX_OVERRIDES: usize = 256;

/// The traffic that an override is for; what is `None` is any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// The client application.
    pub client: Option<ClientId>,
    /// The channel.
    pub channel: Option<Channel>,
    /// The purpose.
    pub purpose: Option<Purpose>,
}

impl Traffic {
    /// Whether it is so. Without a client: of an application that no override names.
    #[must_use]
    pub fn matches(&self, client: Option<&ClientId>, channel: Channel, purpose: Purpose) -> bool {
        self.client.as_ref().is_none_or(|wanted| Some(wanted) == client)
            && self.channel.is_none_or(|wanted| wanted == channel)
            && self.purpose.is_none_or(|wanted| wanted == purpose)
    }

    /// How much of client, channel and purpose it names.
    #[must_use]
    pub fn named(&self) -> usize {
        usize::from(self.client.is_some()) + usize::from(self.channel.is_some()) + usize::from(self.purpose.is_some())
    }

    /// The traffic in words, such as `client kiosk, channel email`.
    pub(super) fn words(&self) -> String {
        let parts = [
            self.client.as_ref().map(|client| format!("client {}", client.as_str())),
            self.channel.map(|channel| format!("channel {}", channel.as_str())),
            self.purpose.map(|purpose| format!("purpose {}", purpose.as_str())),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// What differs for some traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// For which.
    pub traffic: Traffic,
    /// What.
    pub change: Change,
}

impl Policy {
    /// The overrides in the order in which they are applied.
    pub(super) fn in_order(&self) -> Vec<&Override> {
        let mut overrides: Vec<_> = self.overrides.iter().collect();
        overrides.sort_by_key(|each| each.traffic.named());
        overrides
    }

    /// The rules of some traffic, with every override that matches. Without a client: of one that no override names.
    #[must_use]
    pub fn resolve(&self, client: Option<&ClientId>, channel: Channel, purpose: Purpose) -> Rules {
        let matching = self.in_order().into_iter().filter(|each| each.traffic.matches(client, channel, purpose));
        matching.fold(self.rules.clone(), |rules, each| each.change.of(rules))
    }
}
