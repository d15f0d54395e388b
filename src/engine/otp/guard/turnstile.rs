//! Has no more attempts compared at once than the budget of wrong codes has left.
//!
//! A wrong code is counted after it was compared. Of many at once all would be compared before the first is counted; so those
//! that the rest of the budget does not cover wait for the others, and go one by one.

use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// How attempts go.
pub(super) struct Turnstile {
    /// What the budget had left when it was last asked; it may have more by now.
    left: AtomicU64,
    under_way: AtomicU64,
    way: RwLock<()>,
}

/// An attempt on its way. Kept until it has been counted.
pub(in crate::engine::otp) struct Passage<'t> {
    _way: Way<'t>,
    _counted: Counted<'t>,
}

enum Way<'t> {
    Beside(#[expect(dead_code, reason = "it is held")] RwLockReadGuard<'t, ()>),
    Alone(#[expect(dead_code, reason = "it is held")] RwLockWriteGuard<'t, ()>),
}

struct Counted<'t>(&'t AtomicU64);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Default for Turnstile {
    fn default() -> Self {
        Self { left: AtomicU64::new(u64::MAX), under_way: AtomicU64::default(), way: RwLock::default() }
    }
}

impl Turnstile {
    /// Takes note of what the budget has left.
    pub(super) fn note(&self, left: u32) {
        self.left.store(left.into(), Ordering::Relaxed);
    }

    /// Lets an attempt pass, of a budget of so many: beside others while all of them could fail, else alone.
    pub(super) async fn pass(&self, budget: u32) -> Passage<'_> {
        let before = self.under_way.fetch_add(1, Ordering::Relaxed);
        let counted = Counted(&self.under_way);
        let is_covered = before < self.left.load(Ordering::Relaxed).min(budget.into());
        let way = if is_covered { Way::Beside(self.way.read().await) } else { Way::Alone(self.way.write().await) };
        Passage { _way: way, _counted: counted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[tokio::test]
    async fn what_is_not_covered_waits_and_goes_alone() {
        let turnstile = Turnstile::default();
        let two = [turnstile.pass(2).await, turnstile.pass(2).await];
        let mut third = Box::pin(turnstile.pass(2));
        assert!(third.as_mut().now_or_never().is_none(), "two may fail");
        let mut fourth = Box::pin(turnstile.pass(2));
        assert!(fourth.as_mut().now_or_never().is_none());
        drop(two);
        let third = third.await;
        assert!(fourth.as_mut().now_or_never().is_none(), "one by one");
        drop(third);
        drop(fourth.await);
        turnstile.note(1);
        let first = turnstile.pass(2).await;
        assert!(Box::pin(turnstile.pass(2)).now_or_never().is_none(), "one has failed");
        drop(first);
        assert!(Box::pin(turnstile.pass(2)).now_or_never().is_some());
    }
}
