//! What became of a message, as operators are told.

use super::{
    id::{ChallengeId, MessageId},
    receipt::Receipt,
    suppression::Suppressed,
    time::Timestamp,
};

/// Where a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageState {
    /// It waits to be handed to a provider, or to be tried again.
    Queued,
    /// A provider has accepted it.
    Sent,
    /// It was given up.
    Dropped,
    /// It was not handed to any provider, as its recipient gets none for a while.
    Suppressed,
    /// What a provider told of it since.
    Told(Receipt),
}

impl MessageState {
    /// Where a message is of which this is kept: whether a provider accepted it, once it is settled; why it was dropped;
    /// and what was told of it.
    #[must_use]
    pub fn of(accepted: Option<bool>, reason: &str, receipt: Option<Receipt>) -> Self {
        match (accepted, receipt) {
            (_, Some(receipt)) => Self::Told(receipt),
            (None, None) => Self::Queued,
            (Some(true), None) => Self::Sent,
            (Some(false), None) if Suppressed::named(reason).is_some() => Self::Suppressed,
            (Some(false), None) => Self::Dropped,
        }
    }
}

/// A message without its content and its recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The message's id.
    pub message_id: MessageId,
    /// The challenge whose code it carries.
    pub challenge_id: Option<ChallengeId>,
    /// Where it is.
    pub state: MessageState,
    /// The name of the provider that took it; empty where none did.
    pub provider: String,
    /// That provider's id for it; empty where it gave none.
    pub provider_message_id: String,
    /// Why it was dropped; empty where it was not.
    pub reason: String,
    /// How many times it has been claimed.
    pub attempts: u32,
    /// How often it may have been sent without an answer.
    pub unanswered: u32,
    /// When it was accepted.
    pub create_time: Timestamp,
    /// After this time it is not sent any more.
    pub expire_time: Timestamp,
    /// When it ended; `None` while it waits.
    pub settle_time: Option<Timestamp>,
    /// When a provider last told something new of it; `None` where none did.
    pub receipt_time: Option<Timestamp>,
}
