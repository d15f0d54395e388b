//! What the fallback asks of the limiter that replicas share.

use crate::{
    domain::{digest::Digest, time::Timestamp},
    ports::limiter::{LayerKind, Limiter, LimiterFault},
};
use async_trait::async_trait;
use std::time::Duration;

/// The memory of a shared limiter, by its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory(pub Vec<Part>);

/// A part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name: another where it has lost everything that it counted.
    pub name: String,
    /// How far it has come, rising with each probe: less where it came back as it was at an earlier time.
    pub beat: i64,
}

impl Memory {
    /// Which parts have been lost between `known` and this.
    pub(super) fn lost_since(&self, known: &Self) -> Vec<bool> {
        self.0.iter().zip(&known.0).map(|(now, known)| now.name != known.name || now.beat < known.beat).collect()
    }
}

/// Admitted requests of one key that the shared limiter does not know.
#[derive(Clone, Debug)]
pub struct Uncounted {
    /// Which budget.
    pub kind: LayerKind,
    /// Whose.
    pub key: Digest,
    /// When they were admitted, by the clock of this process.
    pub times: Vec<Timestamp>,
    /// How long one matters: the longest window.
    pub retention: Duration,
    /// How many of the newest matter: the largest limit.
    pub capacity: usize,
}

/// A limiter that replicas share, and that may be away.
#[async_trait]
pub trait SharedLimiter: Limiter {
    /// Tests that it can decide now, writing included, in the time that a decision may take.
    ///
    /// # Errors
    /// Where it cannot.
    async fn probe(&self) -> Result<Memory, LimiterFault>;

    /// Which part of its memory counts the requests of a key.
    fn part_of(&self, kind: LayerKind, key: &Digest) -> usize;

    /// Counts requests that were admitted without it, as old as they are at `now`. Where this fails some may be counted;
    /// told again they count twice.
    ///
    /// # Errors
    /// Where it cannot write, or not in time.
    async fn count(&self, logs: &[Uncounted], now: Timestamp) -> Result<(), LimiterFault>;
}
