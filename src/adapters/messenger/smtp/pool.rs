//! Connections that are kept for the next message.

use super::connection::Connection;
use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// A relay does not hang up on a connection that has been unused for less than this.
const TRUSTED: Duration = Duration::from_secs(1);

/// Kept connections, the last used first.
pub(super) struct Pool {
    idle_timeout: Duration,
    max_idle: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    idle: Vec<(Connection, Instant)>,
    /// Whether a task runs that closes what has been unused for too long.
    watched: bool,
}

impl Pool {
    pub(super) fn new(idle_timeout: Duration, max_idle: usize) -> Arc<Self> {
        Arc::new(Self { idle_timeout, max_idle, state: Mutex::default() })
    }

    /// A connection that was used within the idle time, and whether that was a moment ago, so that it need not be asked
    /// whether it still answers.
    pub(super) fn take(&self) -> Option<(Connection, bool)> {
        let (connection, since) = self.state().idle.pop()?;
        let rested = since.elapsed();
        (rested < self.idle_timeout).then_some((connection, rested < TRUSTED))
    }

    /// Keeps a connection, unless there are enough.
    pub(super) fn put(self: &Arc<Self>, connection: Connection) {
        let mut state = self.state();
        if state.idle.len() >= self.max_idle {
            return;
        }
        state.idle.push((connection, Instant::now()));
        if !mem::replace(&mut state.watched, true) {
            tokio::spawn(watch(Arc::downgrade(self), self.idle_timeout));
        }
    }

    /// Lets go of every connection.
    pub(super) fn clear(&self) {
        self.state().idle.clear();
    }

    /// Takes out what has been unused for too long; `None` where nothing is left to watch.
    fn expired(&self) -> (Vec<Connection>, bool) {
        let mut state = self.state();
        let (old, kept) =
            mem::take(&mut state.idle).into_iter().partition(|(_, since)| since.elapsed() >= self.idle_timeout);
        state.idle = kept;
        state.watched = !state.idle.is_empty();
        let old: Vec<(Connection, Instant)> = old;
        (old.into_iter().map(|(connection, _)| connection).collect(), state.watched)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes connections that have been unused for between one and two idle times, until none is left.
async fn watch(pool: Weak<Pool>, pause: Duration) {
    loop {
        sleep(pause).await;
        let Some((expired, more)) = pool.upgrade().map(|pool| pool.expired()) else { return };
        for connection in expired {
            connection.quit().await;
        }
        if !more {
            return;
        }
    }
}
