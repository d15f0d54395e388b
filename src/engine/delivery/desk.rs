//! Providers and messages, as operators see and decide them.

use super::{chain::ProviderReport, messengers::Messengers};
use crate::{
    domain::{
        answer::AnswerKey,
        audit::{Act, Actor, AuditEvent},
        contact::Channel,
        delivery::Delivery,
        id::EventId,
        refusal::Refusal,
        session::Origin,
        time::Timestamp,
    },
    engine::{
        answers::{Answers, Repeatable},
        fault,
    },
    ports::{
        clock::Clock,
        entropy::Entropy,
        keys::Keys,
        store::{DeliveryOf, DrainChange, DrainedProvider, Store, StoreFault},
    },
};
use std::{sync::Arc, time::Duration};

/// The most messages that one call tells of.
const MAX_DELIVERIES: u32 = 50;

/// How often it is read which providers are drained.
pub const DRAIN_POLL: Duration = Duration::from_secs(1);

/// What the desk works with.
pub struct DeskParts {
    /// The providers: the same that the worker gives messages to.
    pub messengers: Messengers,
    /// Where drains and messages are kept.
    pub store: Arc<dyn Store>,
    /// Sealing keys and the index key.
    pub keys: Arc<dyn Keys>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Where event ids come from.
    pub entropy: Arc<dyn Entropy>,
}

/// Shows operators how providers stand and what became of messages, and drains providers. Every look and every change
/// leaves an event.
pub struct DeliveryDesk {
    pub(super) parts: DeskParts,
    pub(super) answers: Answers,
}

/// A provider as an operator sees it.
#[derive(Clone, Debug)]
pub struct ProviderView {
    /// What it carries.
    pub channel: Channel,
    /// How it stands in this process.
    pub report: ProviderReport,
    /// Since when it is drained; `None` where it is not.
    pub drain_time: Option<Timestamp>,
}

/// A request to drain or to resume a provider.
#[derive(Debug)]
pub struct ChangeDrain {
    /// What it carries.
    pub channel: Channel,
    /// Its name.
    pub name: String,
    /// Whether it is drained from now on.
    pub drained: bool,
    /// Where the caller may repeat the call.
    pub repeatable: Option<Repeatable>,
}

impl DeliveryDesk {
    /// A desk of the parts.
    #[must_use]
    pub fn new(parts: DeskParts) -> Self {
        let answers = Answers::new(parts.store.clone(), parts.keys.clone(), parts.entropy.clone());
        Self { parts, answers }
    }

    /// Every provider, emails' first, in the order in which they are tried.
    ///
    /// # Errors
    /// Faults.
    pub async fn providers(&self, origin: &Origin) -> Result<Vec<ProviderView>, Refusal> {
        let drained = self.take_drains().await.map_err(|fault| fault::store(&fault))?;
        let event = self.event(Act::ProvidersRead, origin);
        let now = event.time;
        self.parts.store.record(&event).await.map_err(|fault| fault::store(&fault))?;
        let Messengers { email, sms } = &self.parts.messengers;
        let sms = sms.iter().flat_map(|route| route.chain.report(now)).map(|report| (Channel::Sms, report));
        let all = email.report(now).into_iter().map(|report| (Channel::Email, report)).chain(sms);
        let view = |(channel, report): (Channel, ProviderReport)| {
            let of = |one: &&DrainedProvider| one.channel == channel && one.name == report.name;
            let drain_time = drained.iter().find(of).map(|one| one.drain_time);
            ProviderView { channel, report, drain_time }
        };
        Ok(all.map(view).collect())
    }

    /// Drains or resumes a provider, here at once and in other processes within [`DRAIN_POLL`].
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where this process has no such provider; [`Refusal::Invalid`] where the request id was used for
    /// another; faults.
    pub async fn change_drain(&self, request: ChangeDrain, origin: &Origin) -> Result<(), Refusal> {
        let ChangeDrain { channel, name, drained, repeatable } = request;
        let (act, method) =
            if drained { (Act::ProviderDrained, "DrainProvider") } else { (Act::ProviderResumed, "ResumeProvider") };
        let work = |key: Option<AnswerKey>, now| async move {
            let event = self.event(act, origin);
            if !self.has(channel, &name) {
                self.parts.store.record(&event.failed("NOT_FOUND")).await.map_err(|fault| fault::store(&fault))?;
                return Err(Refusal::NotFound { resource: "provider" });
            }
            let event = AuditEvent { reason: format!("{} {name}", channel.as_str()).into(), ..event };
            let answer = key.map(|key| self.answers.record(key, &(), now)).transpose()?;
            let change = DrainChange { channel, name, drained, now, event, answer };
            let changed = self.parts.store.set_drained(change).await.map_err(|fault| fault::store(&fault))?;
            Ok(changed.then_some(()))
        };
        self.answers.once::<(), _>(method, repeatable.as_ref(), &*self.parts.clock, work).await?;
        self.take_drains().await.map(drop).map_err(|fault| fault::store(&fault))
    }

    /// What became of messages, the newest first.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where there is none, or none any more; faults.
    pub async fn deliveries(&self, of: DeliveryOf, origin: &Origin) -> Result<Vec<Delivery>, Refusal> {
        let found = self.parts.store.deliveries(of, MAX_DELIVERIES).await.map_err(|fault| fault::store(&fault))?;
        let mut event = self.event(Act::DeliveryRead, origin);
        match of {
            DeliveryOf::Message(id) => event.message_id = Some(id),
            DeliveryOf::Challenge(id) => event.challenge_id = Some(id),
        }
        let event = if found.is_empty() { event.failed("NOT_FOUND") } else { event };
        self.parts.store.record(&event).await.map_err(|fault| fault::store(&fault))?;
        if found.is_empty() { Err(Refusal::NotFound { resource: "message" }) } else { Ok(found) }
    }

    /// Reads which providers are drained, and heeds it.
    ///
    /// # Errors
    /// Where the store does not say; what was read before stays in force.
    pub async fn take_drains(&self) -> Result<Vec<DrainedProvider>, StoreFault> {
        let drained = self.parts.store.drained_providers().await?;
        let is = |channel: Channel, name: &str| drained.iter().any(|one| one.channel == channel && one.name == name);
        self.parts.messengers.email.drain(|name| is(Channel::Email, name));
        if let Some(sms) = &self.parts.messengers.sms {
            sms.chain.drain(|name| is(Channel::Sms, name));
        }
        Ok(drained)
    }

    fn has(&self, channel: Channel, name: &str) -> bool {
        let Messengers { email, sms } = &self.parts.messengers;
        match channel {
            Channel::Email => email.has(name),
            Channel::Sms => sms.as_ref().is_some_and(|route| route.chain.has(name)),
        }
    }

    pub(super) fn event(&self, act: Act, origin: &Origin) -> AuditEvent {
        let event_id = EventId::new(self.parts.entropy.uuid());
        AuditEvent { actor: Actor::Operator, ..AuditEvent::new(event_id, self.parts.clock.now(), act, origin) }
    }
}
