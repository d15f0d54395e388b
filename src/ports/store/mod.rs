//! What is kept: challenges, users, sessions, the outbox and the audit log.

mod challenges;
mod delivery;
mod grants;
mod history;
mod links;
mod outbox;
mod receipts;
mod responses;
mod sessions;
mod text_messages;
mod users;

pub use challenges::{
    Attempt, BeginOutcome, ChallengeStore, ChargeOutcome, FailedAttempt, LockNotice, NewChallenge, NewCode, NewSession,
    NewUser, Pardon, ResendOutcome, SignIn, SignInOutcome, SignInUser,
};
pub use delivery::{DeliveryOf, DeliveryStore, DrainChange, DrainedProvider};
pub use grants::{Grants, NewGrant, Redemption, RedemptionOutcome};
pub use history::{History, Lockout, PastPage};
pub use links::{Approval, LinkOutcome, RejectOutcome, Rejection};
pub use outbox::{Outbox, Settlement};
pub use receipts::{Lift, LiftOutcome, NewReceipt, NewSuppression, ReceiptOutcome, Receipts, SuppressedKey};
pub use responses::{Notice, Response};
pub use sessions::{
    CountedAnswer, EndOthersOutcome, Rotation, RotationEvents, RotationOutcome, SessionPage, SessionStore,
    SignOutOutcome,
};
pub use text_messages::{TextMessage, Withheld};
pub use users::{UserChange, UserChangeOutcome, UserStore};

use crate::domain::{answer::AnswerKey, audit::AuditEvent, funnel::Abandoned, sealed::Sealed, time::Timestamp};
use async_trait::async_trait;

/// The store cannot do its work; nothing of the step has been done, or all of it.
#[derive(Debug, thiserror::Error)]
pub enum StoreFault {
    /// It does not answer, or not in time. Retrying is safe under a request id.
    #[error("the store does not answer")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It answers with what cannot be: a fault of this program or of the data.
    #[error("the store gave an impossible answer")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What a repeatable call found.
#[derive(Clone, Debug)]
pub enum KnownAnswer {
    /// The call was answered before; this is the answer.
    Same(Sealed),
    /// The request id was used for another request.
    Different,
    /// The call is new.
    None,
}

/// What a sweep removed.
#[derive(Clone, Debug, Default)]
pub struct Swept {
    /// How many rows went.
    pub rows: u64,
    /// Whether there was more than one sweep removes, so that another is due.
    pub full: bool,
    /// The challenges among them that nobody used. Each goes once, whoever sweeps.
    pub abandoned: Vec<Abandoned>,
}

/// Recorded answers, and audit events of refusals that change nothing else.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Looks a repeatable call up.
    async fn answer(&self, key: &AnswerKey, now: Timestamp) -> Result<KnownAnswer, StoreFault>;

    /// Appends an event of its own.
    async fn record(&self, event: &AuditEvent) -> Result<(), StoreFault>;

    /// Answers whether the store answers and takes writes; after a step that came to nothing, whether it commits again, where
    /// the store can tell that from reading. Gives the time by the store's own clock, where that may be another machine's.
    async fn ping(&self) -> Result<Option<Timestamp>, StoreFault>;

    /// Removes what has expired: recorded answers, ended challenges, old revocations, settled messages.
    /// Audit events stay.
    async fn sweep(&self, now: Timestamp) -> Result<Swept, StoreFault>;
}

/// Everything that is kept, as one store.
pub trait Store:
    ChallengeStore + SessionStore + Grants + UserStore + Outbox + DeliveryStore + Receipts + Ledger + History
{
}

impl<T> Store for T where
    T: ChallengeStore + SessionStore + Grants + UserStore + Outbox + DeliveryStore + Receipts + Ledger + History
{
}
