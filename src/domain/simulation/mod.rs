//! What a policy would have refused of requests that were made: the law of the limits and of the ladder over what the
//! audit log has of them, in the order of time.

mod past;
mod report;
#[cfg(test)]
mod tests;
mod tracks;

pub use past::{Past, PastRequest};
pub use report::{Report, RuleReport, UNKNOWABLE};

use super::{
    challenge::Purpose,
    client::ClientId,
    contact::Channel,
    lockout::Lockout,
    network::AddressBucket,
    policy::{LimitRules, Mode, PolicyInForce},
    time::Timestamp,
    window,
};
use report::{Tallies, Verdict};
use tracks::{Key, Tracks};

/// The rules that may refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Requests per identifier.
    Identifier,
    /// Requests per client address.
    Address,
    /// Requests per IPv6 network of 48 bits.
    Network,
    /// Requests of all together.
    All,
    /// The lockout ladder, of verifications.
    Lockout,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Identifier, Self::Address, Self::Network, Self::All, Self::Lockout];

    /// The stable name in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identifier => "identifier",
            Self::Address => "address",
            Self::Network => "network",
            Self::All => "all",
            Self::Lockout => "lockout",
        }
    }
}

/// A policy, and what it has seen so far. Its memory is bounded: past so many keys at once further ones are not
/// followed, which the report says.
#[derive(Debug)]
pub struct Simulation {
    policy: PolicyInForce,
    default_client: ClientId,
    since: Timestamp,
    tracks: Tracks,
    tallies: Tallies,
}

impl Simulation {
    /// A simulation of `policy` that counts from `since` on; what it sees before fills the windows only. Requests
    /// without a client are those of `default_client`.
    #[must_use]
    pub fn new(policy: PolicyInForce, default_client: ClientId, since: Timestamp) -> Self {
        Self { policy, default_client, since, tracks: Tracks::default(), tallies: Tallies::default() }
    }

    /// Sees a request, in the order of time.
    pub fn see(&mut self, past: &PastRequest) {
        let client = past.client_id.as_ref().unwrap_or(&self.default_client);
        let rules = self.policy.rules(client, Channel::Email, Purpose::SignIn);
        match past.what {
            Past::Sent | Past::Limited(_) => self.ask(past, &rules.limits),
            Past::Right | Past::Wrong | Past::Locked => self.verify(past, &rules.lockout),
        }
    }

    /// What it has come to, from `since` until `until`.
    #[must_use]
    pub fn report(self, until: Timestamp) -> Report {
        let untracked = self.tracks.untracked();
        self.tallies.report(self.since, until, untracked)
    }

    fn ask(&mut self, past: &PastRequest, limits: &LimitRules) {
        let bucket = past.address.map(AddressBucket::of);
        let layers = [
            (Rule::Identifier, past.identifier.map(Key::Identifier), &limits.identifier),
            (Rule::Address, Some(Key::Address(bucket)), &limits.address),
            (Rule::Network, bucket.and_then(|bucket| bucket.network()).map(Key::Network), &limits.network),
            (Rule::All, Some(Key::All), &limits.all),
        ];
        let layers = layers.into_iter().filter_map(|(rule, key, limit)| Some((rule, key?, limit)));
        let judged: Vec<_> = layers
            .map(|(rule, key, limit)| {
                let decision = window::decide(&limit.windows, self.tracks.log(key), past.time);
                (rule, key, limit, decision.retry_after.is_some())
            })
            .collect();
        let refused = judged.iter().any(|(_, _, limit, refuses)| *refuses && limit.mode == Mode::Enforce);
        // As the limiter does: a refused request is in no log, an admitted one in every log with a place.
        for (_, key, limit, _) in judged.iter().filter(|(.., refuses)| !refused && !refuses) {
            self.tracks.record(*key, limit.kept, past.time);
        }
        if past.time < self.since {
            return;
        }
        let was_sent = past.what == Past::Sent;
        self.tallies.request(refused, was_sent);
        for (rule, key, limit, refuses) in judged {
            let verdict = match (refuses, limit.mode) {
                (false, _) => Verdict::Admits,
                (true, Mode::Enforce) => Verdict::Refuses,
                (true, Mode::Shadow) => Verdict::Reports,
            };
            let was_refused = past.what == Past::Limited(Some(rule));
            self.tallies.of(rule).count(key, verdict, was_sent, was_refused, !refused);
        }
    }

    fn verify(&mut self, past: &PastRequest, lockout: &Lockout) {
        let Some(identifier) = past.identifier else { return };
        let key = Key::Identifier(identifier);
        let (failures, locked_until) = self.tracks.failures(identifier);
        let (would_lock, locked) = (locked_until > past.time, lockout.holds(locked_until, past.time));
        match past.what {
            Past::Right if !locked => self.tracks.forget(identifier),
            Past::Wrong if !locked => {
                let failures = failures.saturating_add(1);
                let until = lockout.enforced_wait_at(failures).end(past.time).unwrap_or(past.time);
                // What is in shadow for one client lifts no lock of another.
                self.tracks.fail(identifier, failures, until.max(locked_until));
            }
            // Whether the code of one that was locked out was right, nobody looked.
            _ => {}
        }
        if past.time < self.since {
            return;
        }
        self.tallies.verification();
        let verdict = match (would_lock, locked) {
            (_, true) => Verdict::Refuses,
            (true, false) => Verdict::Reports,
            (false, false) => Verdict::Admits,
        };
        let was_refused = past.what == Past::Locked;
        self.tallies.of(Rule::Lockout).count(key, verdict, !was_refused, was_refused, !locked);
    }
}
