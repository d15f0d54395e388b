//! One connection to Redis that all requests share, and the task that keeps it.

use super::fault::ConnectFault;
use async_trait::async_trait;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
};

/// How long making or testing a connection may take.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The pause after a failed attempt, before the next.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// Makes connections of one kind.
#[async_trait]
pub(super) trait Source: Send + Sync + 'static {
    /// A handle to a connection that all share.
    type Connection: Clone + Send + Sync;

    /// The connection that was made before, if it passes a test now; else a new one.
    async fn connect(&mut self) -> Result<Self::Connection, ConnectFault>;
}

#[derive(Clone)]
enum State<C> {
    Connecting,
    Up(C),
    Down(Arc<ConnectFault>),
}

/// A connection that comes back by itself.
///
/// Requests clone one multiplexed handle: a checkout of a pool for each costs a round trip of its own (measured: 5
/// against 22 to 38 thousand decisions a second).
pub(super) struct Link<S: Source> {
    state: watch::Receiver<State<S::Connection>>,
    suspect: Arc<Notify>,
    keeper: JoinHandle<()>,
}

impl<S: Source> Link<S> {
    /// Begins to connect, in a task of its own.
    pub(super) fn new(source: S) -> Self {
        let (told, state) = watch::channel(State::Connecting);
        let suspect = Arc::new(Notify::new());
        let keeper = tokio::spawn(keep(source, told, Arc::clone(&suspect)));
        Self { state, suspect, keeper }
    }

    /// The connection. Waits for the first attempt to end; later, while there is none, fails at once.
    pub(super) async fn connection(&self) -> Result<S::Connection, Arc<ConnectFault>> {
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

impl<S: Source> Drop for Link<S> {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

async fn keep<S: Source>(mut source: S, told: watch::Sender<State<S::Connection>>, suspect: Arc<Notify>) {
    loop {
        match source.connect().await {
            Ok(connection) => {
                told.send_replace(State::Up(connection));
                suspect.notified().await;
            }
            Err(fault) => {
                told.send_replace(State::Down(Arc::new(fault)));
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
    }
}
