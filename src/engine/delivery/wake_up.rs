//! The signal from those who accept messages to the worker that sends them.

use std::sync::Arc;
use tokio::sync::Notify;

/// Rouses this process's worker at once, instead of at its next look into the outbox. Clones share one signal.
#[derive(Clone, Debug, Default)]
pub struct WakeUp(Arc<Notify>);

impl WakeUp {
    /// Says that a message has been committed. A call while the worker is busy is not lost.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    /// Waits for the next call of `wake`, or returns at once where one has come since the last wait.
    pub async fn woken(&self) {
        self.0.notified().await;
    }
}
