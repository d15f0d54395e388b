//! The work of a call, to its end.

use crate::domain::refusal::Refusal;
use std::future::Future;
use tokio::sync::OwnedSemaphorePermit;
use tracing::Instrument as _;

/// Does the work of a call in a task of its own: a caller who hangs up, or whose time is over, cannot cut it in half
/// between two steps. `place` is given back when the work has ended, not when the caller has gone.
///
/// # Errors
/// Those of the work; [`Refusal::Internal`] where it panics.
pub(crate) async fn to_its_end<T, F>(work: F, place: Option<OwnedSemaphorePermit>) -> Result<T, Refusal>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Refusal>> + Send + 'static,
{
    let task = async move {
        let result = work.await;
        drop(place);
        result
    };
    tokio::spawn(task.in_current_span()).await.unwrap_or_else(|_| {
        tracing::error!("the work of a call ended in a panic");
        Err(Refusal::Internal)
    })
}
