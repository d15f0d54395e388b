//! When a provider that fails is left alone, and when it is tried again.

use super::time::Timestamp;
use std::time::Duration;

/// A circuit breaker: closed, it lets everything pass; open, nothing; half open, one message as a trial.
///
/// It opens at the fifth failure in a row, or at the first that every message would meet. It stays open for two seconds,
/// and after a failed trial for twice as long as before, up to fifteen seconds: a code lives for minutes, so a provider
/// that is back must not wait long for the next trial.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Breaker(State);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed {
        failures: u32,
    },
    Open {
        until: Timestamp,
        openings: u32,
    },
    /// A trial is under way. It counts as lost when it has not ended by then.
    HalfOpen {
        until: Timestamp,
        openings: u32,
    },
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

/// Whether a message may go to the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// It may.
    Free,
    /// Not before this time.
    NotBefore(Timestamp),
}

/// How a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Everything passes.
    Closed,
    /// Nothing passes.
    Open,
    /// A trial is due or under way.
    HalfOpen,
}

impl Breaker {
    /// The failures in a row that open it.
    pub const FAILURES: u32 = 5;

    /// How long it is open first, and at most.
    const FIRST: Duration = Duration::from_secs(2);
    const LONGEST: Duration = Duration::from_secs(15);

    /// When it is asked again where a trial is under way.
    const MEANWHILE: Duration = Duration::from_secs(1);

    /// Whether a message may go now. Where it may after a pause, it is the trial, and no other may until it has ended, at
    /// the latest after `limit`.
    pub fn pass(&mut self, now: Timestamp, limit: Duration) -> Passage {
        match self.0 {
            State::Closed { .. } => Passage::Free,
            State::Open { until, .. } if now < until => Passage::NotBefore(until),
            State::HalfOpen { until, .. } if now < until => Passage::NotBefore(until.min(now.after(Self::MEANWHILE))),
            State::Open { openings, .. } | State::HalfOpen { openings, .. } => {
                self.0 = State::HalfOpen { until: now.after(limit), openings };
                Passage::Free
            }
        }
    }

    /// The provider did what it is there for.
    pub fn succeeded(&mut self) {
        self.0 = State::default();
    }

    /// The provider failed; `for_all` where every message would have met the same.
    pub fn failed(&mut self, now: Timestamp, for_all: bool) {
        let openings = match self.0 {
            State::Closed { failures } if failures + 1 < Self::FAILURES && !for_all => {
                self.0 = State::Closed { failures: failures + 1 };
                return;
            }
            State::Closed { .. } => 0,
            // Of what was under way when it opened.
            State::Open { .. } => return,
            State::HalfOpen { openings, .. } => openings + 1,
        };
        let pause = Self::FIRST.saturating_mul(1 << openings.min(8)).min(Self::LONGEST);
        self.0 = State::Open { until: now.after(pause), openings };
    }

    /// How it stands.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> BreakerState {
        match self.0 {
            State::Closed { .. } => BreakerState::Closed,
            State::Open { until, .. } if now < until => BreakerState::Open,
            State::Open { .. } | State::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What happens to the breaker.
    #[derive(Clone, Copy, Debug)]
    enum Event {
        Passes,
        Waits(i64),
        Succeeds,
        Fails,
        FailsForAll,
    }

    use Event::{Fails, FailsForAll, Passes, Succeeds, Waits};

    const LIMIT: Duration = Duration::from_secs(10);

    /// Plays events at their seconds, and gives the state at the end.
    fn play(events: &[(i64, Event)]) -> BreakerState {
        let mut breaker = Breaker::default();
        for (second, event) in events {
            let now = Timestamp::from_seconds(*second);
            match event {
                Passes => assert_eq!(breaker.pass(now, LIMIT), Passage::Free, "{second} {events:?}"),
                Waits(until) => {
                    let until = Passage::NotBefore(Timestamp::from_seconds(*until));
                    assert_eq!(breaker.pass(now, LIMIT), until, "{second} {events:?}");
                }
                Succeeds => breaker.succeeded(),
                Fails => breaker.failed(now, false),
                FailsForAll => breaker.failed(now, true),
            }
        }
        breaker.state(Timestamp::from_seconds(events.last().unwrap().0))
    }

    const OPEN: [(i64, Event); 5] = [(0, Fails), (0, Fails), (0, Fails), (0, Fails), (0, Fails)];

    fn after_opening(more: &[(i64, Event)]) -> BreakerState {
        play(&[&OPEN, more].concat())
    }

    #[test]
    fn it_opens_at_the_fifth_failure_in_a_row() {
        assert_eq!(play(&OPEN[1..]), BreakerState::Closed);
        assert_eq!(play(&[&OPEN[1..], &[(0, Succeeds)], &OPEN[1..], &[(0, Passes)]].concat()), BreakerState::Closed);
        assert_eq!(after_opening(&[(0, Waits(2)), (1, Waits(2))]), BreakerState::Open);
        assert_eq!(play(&[(0, FailsForAll), (0, Waits(2))]), BreakerState::Open);
    }

    #[test]
    fn one_trial_at_a_time_decides() {
        assert_eq!(after_opening(&[(2, Passes), (2, Waits(3)), (3, Waits(4))]), BreakerState::HalfOpen);
        assert_eq!(after_opening(&[(2, Passes), (3, Succeeds), (3, Passes), (3, Passes)]), BreakerState::Closed);
        assert_eq!(after_opening(&[(2, Passes), (3, Fails), (3, Waits(7)), (6, Waits(7))]), BreakerState::Open);
    }

    #[test]
    fn a_trial_that_does_not_end_gives_way_to_the_next() {
        assert_eq!(
            after_opening(&[(2, Passes), (11, Waits(12)), (12, Passes), (12, Waits(13))]),
            BreakerState::HalfOpen
        );
    }

    #[test]
    fn it_stays_open_longer_each_time_up_to_fifteen_seconds() {
        let trials = [(2, Passes), (2, Fails), (6, Passes), (6, Fails), (14, Passes), (14, Fails), (14, Waits(29))];
        assert_eq!(after_opening(&trials), BreakerState::Open);
        assert_eq!(
            after_opening(&[&trials[..], &[(29, Passes), (29, Fails), (29, Waits(44))]].concat()),
            BreakerState::Open
        );
        // And is as before once it has closed.
        let again = [(2, Passes), (2, Fails), (6, Passes), (6, Succeeds), (9, FailsForAll), (9, Waits(11))];
        assert_eq!(after_opening(&again), BreakerState::Open);
    }

    #[test]
    fn what_was_under_way_when_it_opened_does_not_prolong_it() {
        assert_eq!(after_opening(&[(1, Fails), (1, FailsForAll), (1, Waits(2)), (2, Passes)]), BreakerState::HalfOpen);
        assert_eq!(after_opening(&[(1, Succeeds), (1, Passes)]), BreakerState::Closed);
    }
}
