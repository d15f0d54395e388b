//! What stands and what happened, for operators who ask why. Nothing here writes.

use super::StoreFault;
use crate::domain::{
    audit::{PastRefusal, Subject},
    contact::IdentifierKey,
    time::Timestamp,
};
use async_trait::async_trait;

/// How an identifier stands with the ladder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lockout {
    /// Wrong codes in a row, over all challenges.
    pub consecutive_failures: u32,
    /// Until when no code is evaluated, where the last failure reached a rung; it may have passed.
    pub locked_until: Option<Timestamp>,
}

/// Reads for operators: each by a key of an index, of a bounded number of rows.
#[async_trait]
pub trait History: Send + Sync {
    /// How an identifier stands with the ladder.
    async fn lockout(&self, key: IdentifierKey) -> Result<Lockout, StoreFault>;

    /// The last refusals of people's calls about `subject` since `since`, in shadow too, newest first, at most `limit`.
    async fn refusals(&self, subject: Subject, since: Timestamp, limit: u32) -> Result<Vec<PastRefusal>, StoreFault>;
}
