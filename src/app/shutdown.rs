//! The signals that a running service obeys.

use super::Failure;
use std::future::Future;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The signals to stop: the first asks running calls to end, the second ends them.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// From now on a SIGHUP ends nothing. Who reads files again asks for one of its own.
    _hang_up: Signal,
}

impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// Where the system does not let it.
    pub(super) fn listen() -> Result<Self, Failure> {
        let (terminate, interrupt) = (hear(SignalKind::terminate())?, hear(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt, _hang_up: hang_ups()? })
    }

    /// What comes of the work; `None` where a signal to stop comes before its end.
    pub(super) async fn unless_told<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = work => Some(done),
            () = self.next() => {
                tracing::info!("stopping: told to before anything was served");
                None
            }
        }
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
pub(super) fn hang_ups() -> Result<Signal, Failure> {
    hear(SignalKind::hangup())
}

fn hear(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|error| Failure::Fault(format!("signals cannot be heard: {}", error.kind())))
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
