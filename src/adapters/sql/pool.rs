//! Connections that are kept between steps.
//!
//! The driver's own pool asks the server for a sign of life at each release, in a task of its own: a round trip more for
//! each step. Here only a step that succeeded gives its connection back; every other one drops it, and the server ends
//! what it had begun. See `docs/decisions/0013-connections-of-our-own.md`.

use super::{fault, fault::OpenFault};
use crate::ports::store::StoreFault;
use futures_util::future::join_all;
use sqlx::{ConnectOptions, Connection, Database};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

/// A connection that has rested for this long is asked for a sign of life before it is used.
const TRUSTED: Duration = Duration::from_secs(1);

/// A connection is replaced at this age, so that what the server remembers for it does not grow for ever.
const MAX_AGE: Duration = Duration::from_mins(30);

type Options<DB> = <<DB as Database>::Connection as Connection>::Options;

/// Connections to one database.
pub(super) struct Pool<DB: Database> {
    options: Options<DB>,
    permits: Arc<Semaphore>,
    resting: Mutex<Resting<DB>>,
}

struct Resting<DB: Database> {
    connections: Vec<Kept<DB>>,
    /// When a connection was last found broken: those that have rested since are not trusted.
    broken: Option<Instant>,
    /// Since when the database is known to commit.
    commits: Option<Instant>,
}

struct Kept<DB: Database> {
    connection: DB::Connection,
    opened: Instant,
    rested: Instant,
}

/// A connection in use. Dropped without [`Lease::give_back`] it is closed.
pub(super) struct Lease<DB: Database> {
    pool: Arc<Pool<DB>>,
    kept: Option<Kept<DB>>,
    _permit: OwnedSemaphorePermit,
}

impl<DB: Database> Pool<DB> {
    /// A pool of at most `size` connections; none is open yet.
    pub(super) fn new(options: Options<DB>, size: u32) -> Arc<Self> {
        Arc::new(Self {
            options,
            permits: Arc::new(Semaphore::new(usize::try_from(size).unwrap_or(1).max(1))),
            resting: Mutex::new(Resting { connections: Vec::new(), broken: None, commits: None }),
        })
    }

    /// Opens all connections, so that the first burst of calls does not wait for them, and tells what is wrong with the
    /// settings.
    pub(super) async fn open(self: &Arc<Self>) -> Result<(), OpenFault> {
        let opened = join_all((0..self.permits.available_permits()).map(|_| self.connect())).await;
        let opened = opened.into_iter().collect::<Result<Vec<_>, _>>().map_err(OpenFault::Connect)?;
        self.resting().connections.extend(opened);
        Ok(())
    }

    async fn connect(&self) -> Result<Kept<DB>, sqlx::Error> {
        let connection = self.options.connect().await?;
        let now = Instant::now();
        Ok(Kept { connection, opened: now, rested: now })
    }

    /// A connection that works, as soon as one is free. The caller bounds the wait.
    pub(super) async fn lease(self: &Arc<Self>) -> Result<Lease<DB>, StoreFault> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|_| fault::unavailable("the store is closed"))?;
        let mut lease = Lease { pool: Arc::clone(self), kept: None, _permit: permit };
        while let Some((mut kept, trusted)) = self.take() {
            // A connection that ended while it rested has been sent nothing: another takes its place unnoticed.
            if trusted || kept.connection.ping().await.is_ok() {
                lease.kept = Some(kept);
                return Ok(lease);
            }
        }
        lease.kept = Some(self.connect().await.map_err(|error| fault::of(&error))?);
        Ok(lease)
    }

    /// Whether a step came to nothing, and the database is not known to have committed anything since.
    pub(super) fn is_doubted(&self) -> bool {
        let resting = self.resting();
        resting.broken.is_some_and(|broken| resting.commits.is_none_or(|commits| commits < broken))
    }

    /// The database has committed what it was asked for at `since`.
    pub(super) fn trust(&self, since: Instant) {
        self.resting().commits = Some(since);
    }

    fn take(&self) -> Option<(Kept<DB>, bool)> {
        let mut resting = self.resting();
        let kept = resting.connections.pop()?;
        let whole = resting.broken.is_none_or(|broken| broken < kept.rested);
        let trusted = whole && kept.rested.elapsed() < TRUSTED;
        Some((kept, trusted))
    }

    fn resting(&self) -> MutexGuard<'_, Resting<DB>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<DB: Database> Lease<DB> {
    /// The connection; `None` after it was given back, which ends the lease.
    pub(super) fn connection(&mut self) -> Result<&mut DB::Connection, StoreFault> {
        let kept = self.kept.as_mut().ok_or_else(|| fault::broken("the connection was given back"))?;
        Ok(&mut kept.connection)
    }

    /// Gives a connection back that has finished its step and rests outside of any transaction.
    pub(super) fn give_back(mut self) {
        if let Some(mut kept) = self.kept.take()
            && kept.opened.elapsed() < MAX_AGE
        {
            kept.rested = Instant::now();
            self.pool.resting().connections.push(kept);
        }
    }
}

impl<DB: Database> Drop for Lease<DB> {
    fn drop(&mut self) {
        if self.kept.take().is_some() {
            self.pool.resting().broken = Some(Instant::now());
        }
    }
}
