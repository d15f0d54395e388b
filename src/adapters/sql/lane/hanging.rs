//! Batches that hang, which their lane has left behind.

use super::Mark;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// How many a lane leaves behind at most: each of them holds a connection.
const MOST: usize = 2;

/// The batches that a lane has left behind. Clones are the same ones.
#[derive(Clone)]
pub(super) struct Hanging {
    places: Arc<Semaphore>,
    /// The rows that they write, or would: whoever wants one of them would hang as well.
    marks: Arc<Mutex<Vec<Mark>>>,
    ended: Arc<Notify>,
}

/// A place among them. It is free again when this is dropped.
pub(super) struct Place {
    hanging: Hanging,
    marks: Vec<Mark>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Hanging {
    pub(super) fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(MOST)), marks: Arc::default(), ended: Arc::default() }
    }

    /// A place for a batch with these marks, as soon as there is one.
    pub(super) async fn place(&self, marks: Vec<Mark>) -> Place {
        let permit = Arc::clone(&self.places).acquire_owned().await.ok();
        self.marks().extend(&marks);
        Place { hanging: self.clone(), marks, _permit: permit }
    }

    /// Whether one of these rows is held by a batch that hangs.
    pub(super) fn holds(&self, rows: &[Mark]) -> bool {
        let marks = self.marks();
        !marks.is_empty() && rows.iter().any(|row| marks.contains(row))
    }

    /// Waits until one has ended that had not when this was last asked.
    pub(super) async fn ended(&self) {
        self.ended.notified().await;
    }

    fn marks(&self) -> MutexGuard<'_, Vec<Mark>> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut marks = self.hanging.marks();
        for mark in &self.marks {
            if let Some(place) = marks.iter().position(|held| held == mark) {
                marks.swap_remove(place);
            }
        }
        drop(marks);
        self.hanging.ended.notify_one();
    }
}
