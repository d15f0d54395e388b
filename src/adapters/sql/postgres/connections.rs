//! The connections to PostgreSQL, as the batches of a lane use them.

use super::link::{Bound, Failure, PgLink};
use crate::{
    adapters::sql::{engine::Access, fault, fields::Fields as _, lane::Broken, pool::Pool},
    ports::store::StoreFault,
};
use sqlx::{Error, postgres::PgRow};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::time::Instant;

/// The connections, and the count of what is sent over them. Clones are the same connections.
#[derive(Clone)]
pub(super) struct Connections {
    pool: Arc<Pool<sqlx::Postgres>>,
    statements: Arc<AtomicU64>,
}

impl Connections {
    pub(super) fn new(pool: Arc<Pool<sqlx::Postgres>>) -> Self {
        Self { pool, statements: Arc::default() }
    }

    /// A connection for a step.
    pub(super) async fn link(&self, access: Access) -> Result<PgLink, StoreFault> {
        PgLink::begin(self.pool.lease().await?, Arc::clone(&self.statements), access).await
    }

    /// Whether a step came to nothing and no commit has been seen since.
    pub(super) fn are_doubted(&self) -> bool {
        self.pool.is_doubted()
    }

    /// A commit that was asked for then has been made.
    pub(super) fn trust(&self, since: Instant) {
        self.pool.trust(since);
    }

    /// How many statements have been sent.
    pub(super) fn sent(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Runs the one statement of a batch.
    pub(super) async fn run(&self, query: Bound) -> Result<Vec<PgRow>, Broken> {
        self.try_run(query).await.map_err(Broken::from)
    }

    /// The same; the error is the driver's, as the caller may know what it means.
    pub(super) async fn try_run(&self, query: Bound) -> Result<Vec<PgRow>, Failure> {
        let mut link = self.link(Access::Write).await.map_err(Failure::Fault)?;
        let rows = link.fetch(query).await?;
        link.finish().await.map_err(Failure::Fault)?;
        Ok(rows)
    }
}

/// The place of the step that a row tells of by `op`, which is counted from 1.
pub(super) fn place<'o, T>(row: &PgRow, outcomes: &'o mut [T]) -> Result<&'o mut T, Broken> {
    let index = row.count("op").map_err(Broken::Lost)?.checked_sub(1);
    let place = index.and_then(|index| outcomes.get_mut(usize::try_from(index).ok()?));
    place.ok_or_else(|| Broken::Lost(fault::broken("a row tells of no step")))
}

/// The steps in the order of the rows that they lock, so that no two statements each hold what the other needs; and the place
/// that each of them had.
pub(super) fn in_order<S, K: Ord>(steps: &[S], row: impl Fn(&S) -> K) -> (Vec<usize>, Vec<&S>) {
    let mut numbered: Vec<_> = steps.iter().enumerate().collect();
    numbered.sort_unstable_by_key(|(_, step)| row(step));
    numbered.into_iter().unzip()
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Driver(error @ Error::Database(_)) => Self::Refused(fault::of(&error)),
            other => Self::Lost(other.into()),
        }
    }
}
