//! One connection to Redis that all requests share, and the task that keeps it.

use deadpool_redis::{
    Manager, Pool, PoolConfig, PoolError, Runtime, Timeouts,
    redis::{ConnectionInfo, RedisError, aio::MultiplexedConnection},
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
};

/// How long making or testing a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The pause after a failed attempt, before the next.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

#[derive(Clone)]
enum State {
    Connecting,
    Up(MultiplexedConnection),
    Down(Arc<PoolError>),
}

/// A connection that comes back by itself.
///
/// Requests clone one multiplexed handle: a checkout of the pool for each costs a round trip of its own (measured: 5
/// against 22 to 38 thousand decisions a second). The pool of one makes and tests that connection.
pub(super) struct Link {
    state: watch::Receiver<State>,
    suspect: Arc<Notify>,
    keeper: JoinHandle<()>,
}

impl Link {
    /// Begins to connect, in a task of its own.
    pub(super) fn new(info: ConnectionInfo) -> Result<Self, RedisError> {
        let (told, state) = watch::channel(State::Connecting);
        let suspect = Arc::new(Notify::new());
        let keeper = tokio::spawn(keep(pool(info)?, told, Arc::clone(&suspect)));
        Ok(Self { state, suspect, keeper })
    }

    /// The connection. Waits for the first attempt to end; later, while there is none, fails at once.
    pub(super) async fn connection(&self) -> Result<MultiplexedConnection, Arc<PoolError>> {
        loop {
            let state = self.state.borrow().clone();
            match state {
                State::Up(connection) => return Ok(connection),
                State::Down(fault) => return Err(fault),
                // The keeper lives as long as this does.
                State::Connecting => drop(self.state.clone().changed().await),
            }
        }
    }

    /// Has the connection tested, and replaced where it is dead.
    pub(super) fn suspect(&self) {
        self.suspect.notify_one();
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

fn pool(info: ConnectionInfo) -> Result<Pool, RedisError> {
    let timeouts =
        Timeouts { wait: Some(CONNECT_TIMEOUT), create: Some(CONNECT_TIMEOUT), recycle: Some(CONNECT_TIMEOUT) };
    let pool = Pool::builder(Manager::new(info)?)
        .config(PoolConfig { max_size: 1, timeouts, ..PoolConfig::default() })
        .runtime(Runtime::Tokio1)
        .build();
    pool.map_err(|error| RedisError::from(std::io::Error::other(error)))
}

async fn keep(pool: Pool, told: watch::Sender<State>, suspect: Arc<Notify>) {
    loop {
        // Taken from the pool again, a connection is tested, and made anew where it does not answer.
        match pool.get().await {
            Ok(connection) => {
                told.send_replace(State::Up(MultiplexedConnection::clone(&connection)));
                suspect.notified().await;
            }
            Err(fault) => {
                told.send_replace(State::Down(Arc::new(fault)));
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
    }
}
