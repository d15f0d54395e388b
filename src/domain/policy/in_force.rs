//! A policy resolved, with what names it.

use super::{LockoutChange, Policy, Rules, text};
use crate::domain::{
    challenge::Purpose, client::ClientId, contact::Channel, digest::Digest, lockout::Lockout, time::Timestamp,
};
use std::{collections::HashMap, sync::Arc};

/// A policy that requests are judged by: resolved once, so that a request only looks up.
#[derive(Debug)]
pub struct PolicyInForce {
    policy: Policy,
    version: Digest,
    load_time: Timestamp,
    named: HashMap<ClientId, Table>,
    others: Table,
    lockout: Option<Arc<Lockout>>,
}

/// The rules of one client, by channel and purpose.
type Table = Vec<(Channel, Purpose, Arc<Rules>)>;

impl PolicyInForce {
    /// Resolves a policy. `version` is the SHA-256 of its file.
    #[must_use]
    pub fn new(policy: Policy, version: Digest, load_time: Timestamp) -> Self {
        // A log is shared by all clients of an identifier or address: it is kept for whoever needs most of it.
        let mut keeping = policy.rules.limits.clone();
        for each in &policy.overrides {
            keeping.keep_for(&each.change.of(policy.rules.clone()).limits);
        }
        let table = |client: Option<&ClientId>| -> Table {
            let traffic = Channel::ALL.into_iter().flat_map(|c| Purpose::ALL.into_iter().map(move |p| (c, p)));
            let rules = |channel, purpose| {
                let mut rules = policy.resolve(client, channel, purpose);
                rules.limits.keep_for(&keeping);
                Arc::new(rules)
            };
            traffic.map(|(channel, purpose)| (channel, purpose, rules(channel, purpose))).collect()
        };
        let clients = policy.overrides.iter().filter_map(|each| each.traffic.client.as_ref());
        let named = clients.map(|client| (client.clone(), table(Some(client)))).collect();
        let others = table(None);
        let same_for_all = policy.overrides.iter().all(|each| each.change.lockout == LockoutChange::default());
        let lockout = same_for_all.then(|| Arc::new(policy.rules.lockout.clone()));
        Self { policy, version, load_time, named, others, lockout }
    }

    /// The template as it is; its version is the SHA-256 of its text.
    #[must_use]
    pub fn of_template(template: super::Template, load_time: Timestamp) -> Self {
        let policy = Policy::from(template);
        let version = Digest::of_file(text(&policy).as_bytes());
        Self::new(policy, version, load_time)
    }

    /// The rules of some traffic.
    #[must_use]
    pub fn rules(&self, client: &ClientId, channel: Channel, purpose: Purpose) -> Arc<Rules> {
        let table = self.named.get(client).unwrap_or(&self.others);
        let found = table.iter().find(|(c, p, _)| (*c, *p) == (channel, purpose));
        // Every channel and purpose is in the table.
        found.map_or_else(|| Arc::new(self.policy.rules.clone()), |(_, _, rules)| Arc::clone(rules))
    }

    /// What wrong codes bring, where that is the same for all traffic.
    #[must_use]
    pub const fn common_lockout(&self) -> Option<&Arc<Lockout>> {
        self.lockout.as_ref()
    }

    /// The policy itself.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// SHA-256 of the file, as `sha256sum` tells it.
    #[must_use]
    pub const fn version(&self) -> &Digest {
        &self.version
    }

    /// When it was read.
    #[must_use]
    pub const fn load_time(&self) -> Timestamp {
        self.load_time
    }

    /// The policy as TOML that can be fed back.
    #[must_use]
    pub fn text(&self) -> String {
        text(&self.policy)
    }
}
