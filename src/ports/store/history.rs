//! What stands and what happened, for operators who ask why. Nothing here writes.

use super::StoreFault;
use crate::domain::{
    audit::{PastRefusal, Subject},
    contact::IdentifierKey,
    id::EventId,
    simulation::PastRequest,
    time::Timestamp,
};
use async_trait::async_trait;

/// How an identifier stands with the ladder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lockout {
    /// Wrong codes in a row, over all challenges.
    pub consecutive_failures: u32,
    /// Until when no code of an unknown device is evaluated, where the last failure brought a wait; it may have passed, and
    /// never comes ([`Timestamp::NEVER`]) where time does not end it.
    pub locked_until: Option<Timestamp>,
}

/// A page of the audit log, as far as limits and the ladder would have judged it.
#[derive(Clone, Debug)]
pub struct PastPage {
    /// The requests, in the order of the log.
    pub requests: Vec<PastRequest>,
    /// How many events the page has, of whatever kind.
    pub events: u32,
    /// The last event of the page; `None` where the log ends with it.
    pub last: Option<EventId>,
}

/// Reads for operators: each by a key of an index, of a bounded number of rows.
#[async_trait]
pub trait History: Send + Sync {
    /// How an identifier stands, for attempts from devices that are not known.
    async fn lockout(&self, key: IdentifierKey) -> Result<Lockout, StoreFault>;

    /// The last refusals of people's calls about `subject` since `since`, in shadow too, newest first, at most `limit`.
    async fn refusals(&self, subject: Subject, since: Timestamp, limit: u32) -> Result<Vec<PastRefusal>, StoreFault>;

    /// The next `limit` events after `after`, and the requests among them.
    async fn requests(&self, after: EventId, limit: u32) -> Result<PastPage, StoreFault>;
}
