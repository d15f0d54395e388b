//! Addresses that get no message for a while, kept in memory so that a message costs no question of the store: only for
//! what is found here is the store asked, which alone decides.

use crate::{
    domain::{
        audit::{Act, Actor, AuditEvent},
        contact::IdentifierKey,
        digest::Digest,
        id::{ChallengeId, EventId},
        session::Origin,
        suppression::{Cause, Suppressed},
        time::Timestamp,
    },
    ports::{
        clock::Clock,
        entropy::Entropy,
        store::{Lift, LiftOutcome, Receipts, StoreFault, SuppressedKey},
    },
};
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

/// How often what other processes suppressed is read.
pub const SUPPRESSION_POLL: Duration = Duration::from_secs(1);

/// How far each poll reaches back behind the newest that it knows: a suppression is stamped before it is committed.
const OVERLAP: Duration = Duration::from_secs(10);

/// How often those that have ended are forgotten; of one that is not yet the store is asked, no more.
const TIDY: Duration = Duration::from_mins(1);

/// How many are read at a time.
const PAGE: u32 = 1000;

/// How many are kept in memory, at about a hundred bytes each; where there are more, the store is asked of every message.
const MOST: usize = 200_000;

/// Who gets no message.
pub struct SuppressedAddresses {
    store: Arc<dyn Receipts>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    seen: RwLock<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Until when, by address.
    keys: HashMap<IdentifierKey, Timestamp>,
    /// The newest that was read; `None` before the first poll.
    newest: Option<Timestamp>,
    /// When those that had ended were last forgotten.
    tidied: Option<Timestamp>,
    /// There are more than are kept.
    overflown: bool,
}

impl SuppressedAddresses {
    /// Nobody yet: until the first poll the store is asked of every message.
    #[must_use]
    pub fn new(store: Arc<dyn Receipts>, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { store, clock, entropy, seen: RwLock::default() }
    }

    /// Whether and why a message of a challenge, or of none, is held back.
    ///
    /// # Errors
    /// Where the store does not say.
    pub(super) async fn holds_back(
        &self,
        key: IdentifierKey,
        challenge_id: Option<ChallengeId>,
    ) -> Result<Option<Suppressed>, StoreFault> {
        if !self.may_be(key) {
            return Ok(None);
        }
        let found = self.store.suppression(key, self.clock.now()).await?;
        Ok(found.map(|suppression| Suppressed::of(&suppression, challenge_id)))
    }

    /// Notes who gets no message from now on.
    pub(super) fn note(&self, key: IdentifierKey, until: Timestamp) {
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        seen.add(key, until);
    }

    /// Whoever reads a code that came to an address is reached there: where it had bounced, it gets messages again. A
    /// person's complaint stands. Nothing comes of a fault: what is not lifted ends by itself.
    pub(in crate::engine) async fn proven(&self, key: IdentifierKey, challenge_id: ChallengeId, origin: &Origin) {
        if !self.may_be(key) {
            return;
        }
        let now = self.clock.now();
        let event_id = EventId::new(self.entropy.uuid());
        let origin = Origin { address: None, trace_id: origin.trace_id.clone() };
        let event = AuditEvent {
            actor: Actor::Service,
            identifier_key: Some(key),
            challenge_id: Some(challenge_id),
            ..AuditEvent::new(event_id, now, Act::SuppressionLifted, &origin)
        };
        let lift = Lift { key, cause: Some(Cause::Bounced), now, event, answer: None };
        match self.store.lift_suppression(lift).await {
            Ok(LiftOutcome::Lifted) => tracing::info!(%challenge_id, "an address that had bounced is reached again"),
            Ok(_) => {}
            Err(error) => tracing::warn!(%challenge_id, %error, "an address that is reached again stays suppressed"),
        }
    }

    /// Reads what was suppressed since the last time, and forgets what has ended. To be called every
    /// [`SUPPRESSION_POLL`].
    ///
    /// # Errors
    /// Where the store does not say; what was read before stays.
    pub async fn poll(&self) -> Result<(), StoreFault> {
        let now = self.clock.now();
        let (newest, overflown) = {
            let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
            (seen.newest, seen.overflown)
        };
        if overflown {
            return Ok(());
        }
        // Another process's clock may be ahead: what is stamped later than now hides nothing that comes before it.
        let first = newest.map_or(Timestamp::from_micros(0), |newest| newest.min(now).before(OVERLAP));
        let mut after = (first, IdentifierKey(Digest::from_bytes([0; 32])));
        loop {
            let page = self.store.suppressions_after(after, PAGE).await?;
            if let Some(last) = page.last() {
                after = (last.create_time, last.key);
            }
            let is_last = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
            if !self.absorb(&page, now) || is_last {
                break;
            }
        }
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        seen.newest = Some(seen.newest.map_or(after.0, |newest| newest.max(after.0)));
        Ok(())
    }

    /// Adds a page; `false` where there is no more room.
    fn absorb(&self, page: &[SuppressedKey], now: Timestamp) -> bool {
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        if seen.tidied.is_none_or(|tidied| now.since(tidied) >= TIDY) {
            seen.keys.retain(|_, until| *until > now);
            seen.tidied = Some(now);
        }
        for one in page.iter().filter(|one| one.expire_time > now) {
            seen.add(one.key, one.expire_time);
        }
        !seen.overflown
    }

    fn may_be(&self, key: IdentifierKey) -> bool {
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
        seen.overflown || seen.newest.is_none() || seen.keys.contains_key(&key)
    }
}

impl Seen {
    fn add(&mut self, key: IdentifierKey, until: Timestamp) {
        if self.overflown {
            return;
        }
        self.keys.insert(key, until);
        if self.keys.len() > MOST {
            tracing::warn!(
                "more addresses are suppressed than are kept in memory: the store is asked of every message"
            );
            self.overflown = true;
            self.keys = HashMap::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_there_are_too_many_none_are_kept() {
        let mut seen = Seen::default();
        let key = |number: usize| IdentifierKey(Digest::sha256(&[&number.to_be_bytes()]));
        for number in 0..=MOST {
            assert!(!seen.overflown, "{number}");
            seen.add(key(number), Timestamp::NEVER);
        }
        assert!(seen.overflown && seen.keys.is_empty());
        seen.add(key(0), Timestamp::NEVER);
        assert!(seen.keys.is_empty(), "those that this process hears of itself neither");
    }
}
