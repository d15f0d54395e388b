//! What providers tell of messages they took, and the addresses that get none for a while.

use super::StoreFault;
use crate::domain::{
    answer::RecordedAnswer,
    audit::AuditEvent,
    contact::IdentifierKey,
    id::MessageId,
    receipt::Receipt,
    suppression::{Cause, Suppression},
    time::Timestamp,
};
use async_trait::async_trait;

/// A receipt to be kept with its message.
#[derive(Clone, Debug)]
pub struct NewReceipt {
    /// Of which message.
    pub message_id: MessageId,
    /// What is told.
    pub receipt: Receipt,
    /// The name of the provider that tells it.
    pub provider: String,
    /// When it came.
    pub now: Timestamp,
    /// Its event; the store fills in the challenge and the user.
    pub event: AuditEvent,
    /// Where the recipient gets no message from now on: why, until when, and the event of that, to which the store adds
    /// whom it is about.
    pub suppression: Option<NewSuppression>,
}

/// An address that is to get no message for a while.
#[derive(Clone, Debug)]
pub struct NewSuppression {
    /// Why.
    pub cause: Cause,
    /// Until when.
    pub expire_time: Timestamp,
    /// What happened.
    pub event: AuditEvent,
}

/// What became of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptOutcome {
    /// It is kept, with its event. Where its recipient gets no message from now on, whom.
    Taken {
        /// Whose suppression is new or lasts longer now.
        suppressed: Option<IdentifierKey>,
    },
    /// Nothing was changed: as much or more was known already, the message is not there or no more, or another provider
    /// took it.
    NoNews,
}

/// A suppression among others, as those who keep them in memory read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuppressedKey {
    /// Whose.
    pub key: IdentifierKey,
    /// Since when.
    pub create_time: Timestamp,
    /// Until when.
    pub expire_time: Timestamp,
}

/// A suppression to be ended before its time.
#[derive(Clone, Debug)]
pub struct Lift {
    /// Whose.
    pub key: IdentifierKey,
    /// The only cause that is lifted; `None` for either.
    pub cause: Option<Cause>,
    /// When.
    pub now: Timestamp,
    /// What happened.
    pub event: AuditEvent,
    /// The answer of a repeatable call.
    pub answer: Option<RecordedAnswer>,
}

/// How a lift ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiftOutcome {
    /// It is lifted, and the event recorded.
    Lifted,
    /// There is none, or none of that cause; nothing was written.
    None,
    /// The call has been answered before; nothing was written.
    AlreadyAnswered,
}

/// Receipts, and what follows from them.
#[async_trait]
pub trait Receipts: Send + Sync {
    /// Keeps receipts, no two of one message, with their events, all or none; an outcome for each, in their order. A
    /// message counts whether or not its hand-over has been settled, where no other provider is known to have taken it. A
    /// suppression that lasts longer stays as it is.
    async fn take_receipts(&self, receipts: Vec<NewReceipt>) -> Result<Vec<ReceiptOutcome>, StoreFault>;

    /// Whether and why an address gets no message at that time.
    async fn suppression(&self, key: IdentifierKey, now: Timestamp) -> Result<Option<Suppression>, StoreFault>;

    /// Suppressions in the order in which they began, at most `limit`, after the one that began then and is of that
    /// address.
    async fn suppressions_after(
        &self,
        after: (Timestamp, IdentifierKey),
        limit: u32,
    ) -> Result<Vec<SuppressedKey>, StoreFault>;

    /// Ends a suppression.
    async fn lift_suppression(&self, lift: Lift) -> Result<LiftOutcome, StoreFault>;
}
