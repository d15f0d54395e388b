//! The work of a call, to its end.

use crate::domain::refusal::Refusal;
use std::future::Future;
use tracing::Instrument as _;

/// Does the work of a call in a task of its own: a caller who hangs up, or whose time is over, cannot cut it in half
/// between two steps. `place` is given back when the work has ended, not when the caller has gone.
///
/// # Errors
/// Those of the work; [`Refusal::Internal`] where it panics.
pub(crate) fn to_its_end<T, F, P>(work: F, place: P) -> impl Future<Output = Result<T, Refusal>> + Send
where
    T: Send + 'static,
    P: Send + 'static,
    F: Future<Output = Result<T, Refusal>> + Send + 'static,
{
    // In a box at once, for it holds all that a call writes: many kilobytes, which each wrapping would move as a whole.
    let work = Box::pin(work);
    async move {
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
}
