//! Files that are read again while the service runs.

use super::LOOK;
use std::future::Future;
use tokio::{
    signal::unix::Signal,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

/// Files, and what is done with what they say.
pub(in crate::app) trait Watched: Sized + Send + 'static {
    /// What has been read of them.
    type Read: Send + 'static;

    /// Reads the files where they have changed since the last time, or where `asked`; `None` where there is nothing to
    /// take. It may block.
    fn look(&mut self, asked: bool) -> Option<Self::Read>;

    /// Takes what was read.
    fn take(&mut self, read: Self::Read) -> impl Future<Output = ()> + Send;

    /// Looks at the files every few seconds and when `hang_up` (SIGHUP) comes, until told to stop.
    fn follow(mut self, mut hang_up: Signal, stop: CancellationToken) -> impl Future<Output = ()> + Send {
        async move {
            let mut ticks = interval(LOOK);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                let asked = tokio::select! {
                    () = stop.cancelled() => return,
                    _ = hang_up.recv() => true,
                    _ = ticks.tick() => false,
                };
                let look = tokio::task::spawn_blocking(move || {
                    let read = self.look(asked);
                    (self, read)
                });
                // The files are read elsewhere, for a disk may be slow; what panics there ends this job.
                let Ok((back, read)) = look.await else { return };
                self = back;
                if let Some(read) = read {
                    self.take(read).await;
                }
            }
        }
    }
}
