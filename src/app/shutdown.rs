//! The signals that a running service obeys.

use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The signals to stop: the first asks running calls to end, the second ends them.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// Where the system does not let it.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for one: SIGTERM or SIGINT.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// SIGHUP, from now on: the sign to read files again.
///
/// # Errors
/// Where the system does not let it be heard.
pub(super) fn hang_ups() -> io::Result<Signal> {
    signal(SignalKind::hangup())
}

/// Cancels `stop` at the first signal and `cut` at the second.
pub(super) async fn obey(mut signals: Signals, stop: CancellationToken, cut: CancellationToken) {
    signals.next().await;
    tracing::info!("stopping: running calls may end");
    stop.cancel();
    signals.next().await;
    tracing::warn!("stopping at once");
    cut.cancel();
}
