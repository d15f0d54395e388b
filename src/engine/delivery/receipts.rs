//! What providers post of messages that they took.

use super::suppressed::SuppressedAddresses;
use crate::{
    domain::{
        audit::{Act, Actor, AuditEvent, Outcome},
        contact::Channel,
        id::{EventId, MessageId},
        receipt::Receipt,
        refusal::Refusal,
        session::Origin,
        time::Timestamp,
    },
    engine::fault,
    ports::{
        clock::Clock,
        entropy::Entropy,
        receipts::{BadPost, Post, ReceiptReader},
        store::{NewReceipt, NewSuppression, ReceiptOutcome, Receipts},
    },
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::sync::Semaphore;

/// How many receipts go to the store together.
const AT_ONCE: usize = 128;

/// How many bytes of one provider's posts are held at a time, at the most.
const READ_AT_ONCE: usize = 16 * 1024 * 1024;

/// How many of them are read at a time, however small they may be.
const MOST_POSTS: usize = 256;

/// How often it is said at most that somebody posts what a provider did not sign.
const SAID: Duration = Duration::from_mins(1);

/// A provider that posts what became of messages.
pub struct ReceiptSource {
    /// What it carries.
    pub channel: Channel,
    /// Its name.
    pub name: String,
    /// Who reads its posts.
    pub reader: Arc<dyn ReceiptReader>,
    /// As many of its posts as may be read at a time: what one provider sends, or whoever poses as it, holds up no other.
    pub places: Arc<Semaphore>,
    /// When it was last said that one was forged.
    said: AtomicI64,
}

impl ReceiptSource {
    /// A provider whose posts `reader` reads.
    #[must_use]
    pub fn new(channel: Channel, name: String, reader: Arc<dyn ReceiptReader>) -> Self {
        let places = (READ_AT_ONCE / reader.max_body().max(1)).clamp(1, MOST_POSTS);
        Self { channel, name, reader, places: Arc::new(Semaphore::new(places)), said: AtomicI64::new(i64::MIN) }
    }

    /// Says that a post was bad, for whoever set the wrong key; not more than once a minute, for anybody can post.
    fn say(&self, bad: BadPost, now: Timestamp) {
        let last = self.said.load(Ordering::Relaxed);
        let due = Timestamp::from_micros(last).after(SAID) <= now || last == i64::MIN;
        if due && self.said.compare_exchange(last, now.micros(), Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            tracing::warn!(provider = self.name, error = %bad, "a receipt is not taken");
        }
    }
}

/// What the desk works with.
pub struct ReceiptParts {
    /// The providers that post.
    pub sources: Vec<ReceiptSource>,
    /// Where messages are kept.
    pub store: Arc<dyn Receipts>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Where event ids come from.
    pub entropy: Arc<dyn Entropy>,
    /// Who gets no message for a while.
    pub suppressed: Arc<SuppressedAddresses>,
}

/// Takes receipts.
pub struct ReceiptDesk {
    parts: ReceiptParts,
}

/// Why a post was not taken.
#[derive(Debug)]
pub enum NotTaken {
    /// Nothing of it may be believed, or can be read.
    Bad(BadPost),
    /// It could not be written down, or not as a whole: the provider is to repeat it.
    Fault(Refusal),
}

/// How many of the receipts of a post were news.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Kept.
    pub taken: usize,
    /// Known before, or of no message that is there and that this provider took.
    pub no_news: usize,
}

impl ReceiptDesk {
    /// A desk of the parts.
    #[must_use]
    pub fn new(parts: ReceiptParts) -> Self {
        Self { parts }
    }

    /// Whether any provider posts receipts.
    #[must_use]
    pub fn has_sources(&self) -> bool {
        !self.parts.sources.is_empty()
    }

    /// The provider of that name, where it posts receipts.
    #[must_use]
    pub fn source(&self, channel: &str, name: &str) -> Option<&ReceiptSource> {
        self.parts.sources.iter().find(|source| source.channel.as_str() == channel && source.name == name)
    }

    /// When a post comes that is read now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// Reads a post, and keeps what it tells, under the trace of `origin`. Of one message its heaviest word counts. A post
    /// that comes again changes nothing, so that a provider may repeat it as a whole where a part could not be written down.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub async fn take(&self, source: &ReceiptSource, post: &Post<'_>, origin: &Origin) -> Result<Counted, NotTaken> {
        let read = source.reader.read(post).map_err(|bad| {
            source.say(bad, post.now);
            NotTaken::Bad(bad)
        })?;
        let mut told: BTreeMap<MessageId, Receipt> = BTreeMap::new();
        for (id, receipt) in read {
            told.entry(id).and_modify(|before| *before = before.or(receipt)).or_insert(receipt);
        }
        let mut counted = Counted::default();
        let told: Vec<_> = told.into_iter().collect();
        for some in told.chunks(AT_ONCE) {
            // Who reads on from the store looks back a few seconds; a post may take longer than these.
            let now = self.now();
            let new = some.iter().map(|&(id, receipt)| self.new_receipt(source, id, receipt, origin, now));
            let new: Vec<_> = new.collect();
            let outcomes = self.parts.store.take_receipts(new.clone()).await;
            let outcomes = outcomes.map_err(|fault| NotTaken::Fault(fault::store(&fault)))?;
            for (outcome, receipt) in outcomes.into_iter().zip(&new) {
                match outcome {
                    ReceiptOutcome::Taken { suppressed } => {
                        counted.taken += 1;
                        if let (Some(key), Some(suppression)) = (suppressed, &receipt.suppression) {
                            self.parts.suppressed.note(key, suppression.expire_time);
                        }
                    }
                    ReceiptOutcome::NoNews => counted.no_news += 1,
                }
            }
        }
        Ok(counted)
    }

    fn new_receipt(
        &self,
        source: &ReceiptSource,
        id: MessageId,
        receipt: Receipt,
        origin: &Origin,
        now: Timestamp,
    ) -> NewReceipt {
        let event = |act| AuditEvent {
            actor: Actor::Service,
            message_id: Some(id),
            ..AuditEvent::new(EventId::new(self.parts.entropy.uuid()), now, act, origin)
        };
        let outcome = if receipt.is_failure() { Outcome::Failure } else { Outcome::Success };
        NewReceipt {
            message_id: id,
            receipt,
            provider: source.name.clone(),
            now,
            event: event(Act::ReceiptTaken).ended(outcome, receipt.as_str()),
            suppression: receipt.suppresses().map(|cause| NewSuppression {
                cause,
                expire_time: now.after(cause.lasts()),
                event: event(Act::AddressSuppressed).ended(Outcome::Success, cause.reason()),
            }),
        }
    }
}
