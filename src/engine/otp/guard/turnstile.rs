//! Has no more codes compared at once than the budget of wrong codes has left.
//!
//! A wrong code is counted after it was compared. Of many at once all would be compared before the first is counted; so no more
//! are compared than could fail, and the others wait. A right code passes in no time: only wrong ones are waited for.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::Notify, time::timeout};

/// How long one waits at most. A wrong code is counted in a few milliseconds.
const PATIENCE: Duration = Duration::from_secs(3);

/// How codes pass.
pub(super) struct Turnstile {
    state: Mutex<State>,
    freed: Notify,
}

struct State {
    /// What the budget had left when it was last told; it may have more by now.
    left: u32,
    comparing: u32,
    /// How often it was told.
    told: u64,
}

/// A code that is being compared: kept until it proved right, or has been counted.
pub(in crate::engine::otp) struct Passage<'t>(&'t Turnstile);

impl Default for Turnstile {
    fn default() -> Self {
        Self { state: Mutex::new(State { left: u32::MAX, comparing: 0, told: 0 }), freed: Notify::new() }
    }
}

impl Turnstile {
    /// How often it was told what is left; to be asked before the budget is.
    pub(super) fn told(&self) -> u64 {
        self.state().told
    }

    /// Takes note of what the budget had left when it was asked. `told` is from before that: where others were answered
    /// meanwhile, they may have been counted later, and the lesser holds.
    pub(super) fn note(&self, left: u32, told: u64) {
        let mut state = self.state();
        state.left = if state.told == told { left } else { left.min(state.left) };
        state.told += 1;
    }

    /// Lets a code pass, of a budget of so many wrong ones. `None` where those before it take too long.
    pub(super) async fn pass(&self, budget: u32) -> Option<Passage<'_>> {
        let passing = async {
            loop {
                let freed = self.freed.notified();
                if let Some(passage) = self.try_pass(budget) {
                    return passage;
                }
                freed.await;
            }
        };
        timeout(PATIENCE, passing).await.ok()
    }

    fn try_pass(&self, budget: u32) -> Option<Passage<'_>> {
        let mut state = self.state();
        // One at a time may always be compared: what is left is known only from the last that failed.
        if state.comparing < state.left.min(budget).max(1) {
            state.comparing += 1;
            return Some(Passage(self));
        }
        None
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Passage<'_> {
    fn drop(&mut self) {
        self.0.state().comparing -= 1;
        self.0.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[tokio::test]
    async fn no_more_are_compared_than_may_fail_and_one_always_is() {
        let turnstile = Turnstile::default();
        let two = [turnstile.pass(2).await.unwrap(), turnstile.pass(2).await.unwrap()];
        let mut third = Box::pin(turnstile.pass(2));
        assert!(third.as_mut().now_or_never().is_none(), "two may fail");
        drop(two);
        let third = third.await.unwrap();
        turnstile.note(1, turnstile.told());
        assert!(Box::pin(turnstile.pass(2)).now_or_never().is_none(), "one has failed");
        turnstile.note(0, turnstile.told());
        drop(third);
        assert!(Box::pin(turnstile.pass(2)).now_or_never().is_some());
    }

    #[test]
    fn of_answers_that_cross_the_lesser_holds() {
        let turnstile = Turnstile::default();
        let (first, second) = (turnstile.told(), turnstile.told());
        turnstile.note(3, second);
        turnstile.note(4, first);
        assert_eq!(turnstile.state().left, 3);
        turnstile.note(5, turnstile.told());
        assert_eq!(turnstile.state().left, 5, "a window has moved on");
    }

    #[tokio::test]
    async fn nobody_waits_for_ever() {
        let turnstile = Turnstile::default();
        let _held = turnstile.pass(1).await.unwrap();
        assert!(turnstile.pass(1).await.is_none());
    }
}
