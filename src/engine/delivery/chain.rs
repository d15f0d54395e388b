//! The providers of a channel, in the order in which they are tried.

mod link;

pub use link::{Provider, ProviderReport};

use super::worker::Hand;
use crate::{
    domain::{
        id::MessageId,
        message::{Envelope, Handover, SmsEnvelope},
        route::Route,
        time::Timestamp,
    },
    ports::clock::Clock,
};
use link::{Link, Share};
use std::{ops::ControlFlow, sync::Arc, time::Duration};

/// How often a message may have been sent without an answer: at the second time it is given up, so that nobody gets it
/// more than twice.
const MAX_UNANSWERED: u32 = 2;

/// How long a message waits for a provider that has as many as it may have, without keeping others from theirs.
const SHARE_WAIT: Duration = Duration::from_secs(2);

/// When providers that are drained are looked at again.
const DRAINED: Duration = Duration::from_secs(1);

/// A message in words, for one channel.
pub trait Letter: Sync {
    /// The message's id.
    fn message_id(&self) -> MessageId;

    /// After this time nobody is to get it any more.
    fn expire_time(&self) -> Timestamp;

    /// Whether a route leads to its recipient.
    fn goes_by(&self, route: &Route) -> bool;
}

impl Letter for Envelope {
    fn message_id(&self) -> MessageId {
        self.message_id
    }

    fn expire_time(&self) -> Timestamp {
        self.expire_time
    }

    fn goes_by(&self, route: &Route) -> bool {
        route.leads_to_address(&self.to)
    }
}

impl Letter for SmsEnvelope {
    fn message_id(&self) -> MessageId {
        self.message_id
    }

    fn expire_time(&self) -> Timestamp {
        self.expire_time
    }

    fn goes_by(&self, route: &Route) -> bool {
        route.leads_to_number(&self.to)
    }
}

/// The providers of a channel. A message goes to the first that leads to its recipient, is not drained, has not failed
/// lately and has a free place; where that one does not take it, to the next at once.
pub struct Chain<E> {
    links: Vec<Link<E>>,
}

/// What became of a message on its way along the chain.
pub(super) enum Carried {
    /// A provider took it.
    Accepted { provider: Arc<str>, provider_message_id: String },
    /// Nobody will take it.
    Dropped { reason: &'static str },
    /// Worth another try: not before this time, where nobody could be asked, else after the usual pause. `unanswered` is
    /// how often it may have been sent by now.
    Later { not_before: Option<Timestamp>, unanswered: u32 },
}

/// What is known of a message's way so far.
struct Way {
    unanswered: u32,
    not_before: Option<Timestamp>,
    tried: bool,
    unserved: Option<&'static str>,
}

impl<E: Letter> Chain<E> {
    /// A chain of providers, the first first. Each carries at most `share` messages at a time, at least 1.
    #[must_use]
    pub fn new(providers: Vec<Provider<E>>, share: usize) -> Self {
        Self { links: providers.into_iter().map(|provider| Link::new(provider, share)).collect() }
    }

    /// How long a message is carried at most.
    #[must_use]
    pub fn time_limit(&self) -> Duration {
        self.links.iter().map(Link::time_limit).sum::<Duration>() + SHARE_WAIT
    }

    /// How each provider stands, in their order.
    #[must_use]
    pub fn report(&self, now: Timestamp) -> Vec<ProviderReport> {
        self.links.iter().map(|link| link.report(now)).collect()
    }

    /// Whether there is a provider of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.links.iter().any(|link| link.name() == name)
    }

    /// Gives no message to the providers that `is_drained` names, and to the others again.
    pub fn drain(&self, is_drained: impl Fn(&str) -> bool) {
        for link in &self.links {
            link.drain(is_drained(link.name()));
        }
    }

    /// Carries a message that may have been sent `unanswered` times before. Where it has to wait for a place, it gives
    /// the worker's hand back first.
    pub(super) async fn carry(
        &self,
        letter: &E,
        unanswered: u32,
        hand: &mut Option<Hand>,
        clock: &dyn Clock,
    ) -> Carried {
        let mut way = Way { unanswered, not_before: None, tried: false, unserved: None };
        let mut crowded = None;
        for link in self.links.iter().filter(|link| letter.goes_by(link.route())) {
            if link.is_drained() {
                way.put_off(clock.now().after(DRAINED));
                continue;
            }
            let Some(share) = link.share() else {
                crowded = crowded.or(Some(link));
                continue;
            };
            if let ControlFlow::Break(carried) = link_up(link, share, letter, &mut way, clock).await {
                return carried;
            }
        }
        if let (Some(link), false) = (crowded, way.tried) {
            drop(hand.take());
            let Some(share) = link.wait_for_share(SHARE_WAIT).await else {
                return Carried::Later { not_before: None, unanswered: way.unanswered };
            };
            if let ControlFlow::Break(carried) = link_up(link, share, letter, &mut way, clock).await {
                return carried;
            }
        }
        match way {
            Way { unserved: Some(reason), tried: false, not_before: None, .. } => Carried::Dropped { reason },
            Way { tried: true, unanswered, .. } => Carried::Later { not_before: None, unanswered },
            Way { not_before, unanswered, .. } => Carried::Later { not_before, unanswered },
        }
    }
}

/// Tries one provider; goes on where another may be tried.
async fn link_up<E: Letter>(
    link: &Link<E>,
    share: Share<'_>,
    letter: &E,
    way: &mut Way,
    clock: &dyn Clock,
) -> ControlFlow<Carried> {
    let now = clock.now();
    if now >= letter.expire_time() {
        way.tried = true;
        return ControlFlow::Continue(());
    }
    let handover = match link.hand_over(letter, now, clock).await {
        Ok(handover) => handover,
        Err(until) => {
            way.put_off(until);
            return ControlFlow::Continue(());
        }
    };
    drop(share);
    match handover {
        Handover::Accepted { provider_message_id } => {
            ControlFlow::Break(Carried::Accepted { provider: link.shared_name(), provider_message_id })
        }
        Handover::Refused { reason } => ControlFlow::Break(Carried::Dropped { reason }),
        Handover::Unserved { reason } => {
            way.unserved = Some(reason);
            ControlFlow::Continue(())
        }
        Handover::Deferred { .. } | Handover::Misconfigured { .. } => {
            way.tried = true;
            ControlFlow::Continue(())
        }
        Handover::Unanswered { .. } => {
            (way.tried, way.unanswered) = (true, way.unanswered + 1);
            if way.unanswered < MAX_UNANSWERED {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(Carried::Dropped { reason: "UNANSWERED" })
            }
        }
    }
}

impl Way {
    fn put_off(&mut self, until: Timestamp) {
        self.not_before = Some(self.not_before.map_or(until, |before| before.min(until)));
    }
}

#[cfg(test)]
mod tests;
