//! Calls whose message did not come as a whole at once. Where there are too many, the one that has taken longest makes room: whoever
//! never ends its message keeps nobody out.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

/// The calls that are arriving.
pub(crate) struct Arriving {
    most: usize,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    next: u64,
    /// By age.
    calls: BTreeMap<u64, oneshot::Sender<()>>,
}

impl Arriving {
    /// So many at once.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, waiting: Mutex::default() }
    }

    /// Waits for a message; `None` where its call had to make room.
    pub(crate) async fn wait<F: Future>(&self, message: F) -> Option<F::Output> {
        let (place, goes) = self.enter();
        let message = tokio::select! {
            message = message => Some(message),
            _ = goes => None,
        };
        drop(place);
        message
    }

    fn enter(&self) -> (Place<'_>, oneshot::Receiver<()>) {
        let (sender, goes) = oneshot::channel();
        let mut waiting = self.waiting();
        if waiting.calls.len() >= self.most {
            // What goes with the oldest entry is the other end of its channel, which tells its call.
            waiting.calls.pop_first();
        }
        let number = waiting.next;
        waiting.next += 1;
        waiting.calls.insert(number, sender);
        drop(waiting);
        (Place { arriving: self, number }, goes)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place among them, free again when this is dropped.
struct Place<'a> {
    arriving: &'a Arriving,
    number: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.arriving.waiting().calls.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use std::{
        future::{pending, ready},
        pin::pin,
    };

    #[test]
    fn who_has_taken_longest_makes_room() {
        let arriving = Arriving::new(2);
        let mut first = pin!(arriving.wait(pending::<()>()));
        let mut second = pin!(arriving.wait(pending::<()>()));
        assert_eq!((first.as_mut().now_or_never(), second.as_mut().now_or_never()), (None, None));
        assert_eq!(arriving.wait(ready(3)).now_or_never(), Some(Some(3)));
        assert_eq!(first.now_or_never(), Some(None), "the first made room");
        assert_eq!(second.as_mut().now_or_never(), None, "and the second need not");
        let mut fourth = pin!(arriving.wait(pending::<()>()));
        assert_eq!((fourth.as_mut().now_or_never(), second.now_or_never()), (None, None), "there was room");
        assert_eq!(arriving.waiting().calls.len(), 2);
    }
}
