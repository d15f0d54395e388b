//! What is told of the funnel of signing in, where somebody counts it.

use crate::{
    domain::{
        audit::{Act, AuditEvent},
        challenge::Challenge,
        funnel::{Abandoned, FunnelEvent, Step},
        id::ChallengeId,
        time::Timestamp,
    },
    ports::{analytics::Analytics, keys::Keys},
};
use std::{borrow::Cow, sync::Arc};

/// Tells of the funnel. Clones tell the same. Nothing is composed where nobody counts.
#[derive(Clone)]
pub struct Funnel {
    sink: Option<Arc<dyn Analytics>>,
    keys: Arc<dyn Keys>,
}

impl Funnel {
    /// Tells `sink`, or nobody. The index key of `keys` makes the alias of each challenge.
    #[must_use]
    pub fn new(sink: Option<Arc<dyn Analytics>>, keys: Arc<dyn Keys>) -> Self {
        Self { sink, keys }
    }

    /// The event that a code or a link of this challenge was asked for, to be told once that has been written down.
    pub(super) fn requested(
        &self,
        challenge: &Challenge,
        now: Timestamp,
        outcome: &'static str,
    ) -> Option<FunnelEvent> {
        let event = self.event(Step::Requested, challenge.scope.challenge_id, now, outcome)?;
        Some(event.of(challenge))
    }

    /// Tells of a step of a challenge.
    pub(super) fn step(&self, step: Step, challenge_id: ChallengeId, now: Timestamp, outcome: &'static str) {
        self.tell(self.event(step, challenge_id, now, outcome));
    }

    /// Tells of the end of a challenge's message, with the channel and the provider that it went by.
    pub(super) fn message(
        &self,
        step: Step,
        challenge_id: ChallengeId,
        now: Timestamp,
        outcome: &'static str,
        channel: &'static str,
        provider: &str,
    ) {
        let event = self.event(step, challenge_id, now, outcome);
        self.tell(event.map(|event| FunnelEvent { channel, provider: provider.to_owned(), ..event }));
    }

    /// The event that a code or a link was refused, where the audit event says so and names the challenge; to be told once
    /// that has been written down.
    pub(super) fn refused(&self, event: &AuditEvent) -> Option<FunnelEvent> {
        let presented = matches!(event.act, Act::CodeVerified | Act::LinkRedeemed | Act::LinkRefused);
        let challenge_id = event.challenge_id.filter(|_| presented)?;
        // Only reasons of this program's tables are told.
        let Cow::Borrowed(reason) = event.reason else { return None };
        self.event(Step::Failed, challenge_id, event.time, reason)
    }

    /// Tells of challenges that ended unused.
    pub fn abandoned(&self, abandoned: &[Abandoned]) {
        for one in abandoned {
            let outcome = if one.exhausted { "exhausted" } else { "unused" };
            let event = self.event(Step::Abandoned, one.challenge_id, one.expire_time, outcome);
            self.tell(event.map(|event| event.about(one.channel, one.purpose, &one.client_id, &one.locale)));
        }
    }

    /// Tells of an event that was composed before.
    pub(super) fn tell(&self, event: Option<FunnelEvent>) {
        if let (Some(sink), Some(event)) = (&self.sink, event) {
            sink.note(event);
        }
    }

    fn event(
        &self,
        step: Step,
        challenge_id: ChallengeId,
        now: Timestamp,
        outcome: &'static str,
    ) -> Option<FunnelEvent> {
        self.sink.as_ref()?;
        Some(FunnelEvent::new(step, challenge_id, &self.keys.index(), now, outcome))
    }
}
