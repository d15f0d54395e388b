//! Where requests are counted, written to the audit log.

use crate::{
    domain::time::Timestamp,
    engine::limiter_log::LimiterLog,
    ports::{limiter::LimiterChange, store::StoreFault},
};
use std::time::Duration;
use tokio::{sync::mpsc::Receiver, time::sleep};
use tokio_util::sync::CancellationToken;

/// The pause before a store that was away is asked again.
const RETRY: Duration = Duration::from_secs(1);

/// Records each change. Where the store is away they wait for it.
pub(in crate::app) async fn record_changes(
    mut changes: Receiver<(Timestamp, LimiterChange)>,
    log: LimiterLog,
    stop: CancellationToken,
) {
    while let Some(Some((time, change))) = stop.run_until_cancelled(changes.recv()).await {
        let event = log.event(time, change);
        loop {
            match log.write(&event).await {
                Ok(()) => break,
                Err(StoreFault::Unavailable(_)) => {
                    if stop.run_until_cancelled(sleep(RETRY)).await.is_none() {
                        tracing::warn!(?change, "a change of the limiter is not recorded: the store is away");
                        return;
                    }
                }
                Err(fault) => {
                    tracing::error!(error = %fault, ?change, "a change of the limiter cannot be recorded");
                    break;
                }
            }
        }
    }
    // Whoever lets the limiter go ends this too; a job ends when it is told to.
    stop.cancelled().await;
}
