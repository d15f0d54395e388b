//! Lockout: how long an identifier, or a device known to it, waits after so many wrong codes in a row.

use super::{policy::Mode, time::Timestamp};
use std::time::Duration;

/// What wrong codes in a row bring. Counted across challenges (RFC 4226 section 7.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lockout {
    /// Whether ladder and pauses hold anybody back; `disable_at` does in either mode.
    pub mode: Mode,
    /// The rungs.
    pub ladder: Ladder,
    /// The pause after every failure.
    pub delay: Delay,
    /// After so many failures in a row nothing is evaluated until an operator, or a sign-in from a device that is known,
    /// lifts it (NIST SP 800-63B-4 section 3.2.2: at most 100). `None`: never, for tests of the rest.
    pub disable_at: Option<u32>,
}

/// The pause before the next code is evaluated: it doubles with each failure in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delay {
    /// After the first; zero for no pause.
    pub first: Duration,
    /// At most.
    pub longest: Duration,
}

/// What begins with a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Nothing: the next code is evaluated at once.
    None,
    /// A pause.
    Pause(Duration),
    /// A lock: a rung of the ladder.
    Lock(Duration),
    /// A lock that time does not end.
    Disabled,
}

impl Lockout {
    /// The most failures in a row that any policy may allow before it disables.
    pub const MOST_FAILURES: u32 = 100;

    /// What begins with the `failures`-th failure in a row: in shadow nothing but the lock that time does not end.
    #[must_use]
    pub fn wait_at(&self, failures: u32) -> Wait {
        match (self.enforced_wait_at(failures), self.mode) {
            (Wait::Pause(_) | Wait::Lock(_), Mode::Shadow) => Wait::None,
            (wait, _) => wait,
        }
    }

    /// Whether what began earlier and lasts `until` holds an attempt back.
    #[must_use]
    pub fn holds(&self, until: Timestamp, now: Timestamp) -> bool {
        until > now && (self.mode == Mode::Enforce || until == Timestamp::NEVER)
    }

    /// Until when a counter may have been locked for an attempt at `now` to be charged to it, for stores that compare.
    #[must_use]
    pub fn passes_until(&self, now: Timestamp) -> Timestamp {
        match self.mode {
            Mode::Enforce => now,
            Mode::Shadow => Timestamp::from_micros(Timestamp::NEVER.micros() - 1),
        }
    }

    /// What begins with the `failures`-th failure in a row where the ladder is enforced.
    #[must_use]
    pub fn enforced_wait_at(&self, failures: u32) -> Wait {
        if self.disable_at.is_some_and(|most| failures >= most) {
            return Wait::Disabled;
        }
        let pause = self.delay.at(failures);
        match self.ladder.wait_at(failures) {
            Some(lock) => Wait::Lock(lock.max(pause)),
            None if pause.is_zero() => Wait::None,
            None => Wait::Pause(pause),
        }
    }

    /// The end of what begins with each number of failures, from 1 on, for stores that look it up: microseconds from the
    /// failure, 0 for nothing, [`Timestamp::NEVER`] for no end. Beyond the last, the last holds.
    pub fn waits(&self) -> impl Iterator<Item = i64> {
        let rungs = self.ladder.rungs().last().map_or(0, |rung| rung.failures);
        let most = self.disable_at.unwrap_or_else(|| rungs.max(self.delay.steps()));
        (1..=most).map(|failures| self.wait_at(failures).micros())
    }
}

impl From<Ladder> for Lockout {
    /// The ladder alone.
    fn from(ladder: Ladder) -> Self {
        Self {
            mode: Mode::Enforce,
            ladder,
            delay: Delay { first: Duration::ZERO, longest: Duration::ZERO },
            disable_at: None,
        }
    }
}

impl Default for Lockout {
    /// The default ladder, a pause of one second that doubles to five minutes, disabled at 100.
    fn default() -> Self {
        Self {
            mode: Mode::Enforce,
            ladder: Ladder::default(),
            delay: Delay::default(),
            disable_at: Some(Self::MOST_FAILURES),
        }
    }
}

impl Delay {
    fn at(self, failures: u32) -> Duration {
        let doubled = 2_u32.checked_pow(failures.saturating_sub(1)).and_then(|times| self.first.checked_mul(times));
        doubled.map_or(self.longest, |doubled| doubled.min(self.longest))
    }

    /// After so many failures it no longer grows.
    fn steps(self) -> u32 {
        (1..=32).find(|failures| self.at(*failures) == self.longest).unwrap_or(32)
    }
}

impl Default for Delay {
    fn default() -> Self {
        Self { first: Duration::from_secs(1), longest: Duration::from_mins(5) }
    }
}

impl Wait {
    /// Whether it is a lock, which the person is told of.
    #[must_use]
    pub const fn is_lock(self) -> bool {
        matches!(self, Self::Lock(_) | Self::Disabled)
    }

    fn micros(self) -> i64 {
        match self {
            Self::None => 0,
            Self::Pause(span) | Self::Lock(span) => Timestamp::from_micros(0).after(span).micros(),
            Self::Disabled => Timestamp::NEVER.micros(),
        }
    }

    /// When it ends, if it began at `now`; `None` for nothing.
    #[must_use]
    pub fn end(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::None => None,
            Self::Pause(span) | Self::Lock(span) => Some(now.after(span)),
            Self::Disabled => Some(Timestamp::NEVER),
        }
    }
}

/// After `failures` consecutive failed verifications nothing is evaluated for `wait`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rung {
    /// Consecutive failures at which the rung takes hold.
    pub failures: u32,
    /// How long the lock lasts.
    pub wait: Duration,
}

/// The rungs, by rising number of failures. Counted per identifier, across challenges (RFC 4226 section 7.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder(Vec<Rung>);

impl Ladder {
    /// A ladder of the rungs; `None` unless failures rise and start at 1 or more, waits are not zero and do not fall.
    #[must_use]
    pub fn new(rungs: Vec<Rung>) -> Option<Self> {
        let sound = rungs.iter().all(|rung| rung.failures > 0 && !rung.wait.is_zero())
            && rungs.windows(2).all(|pair| pair[0].failures < pair[1].failures && pair[0].wait <= pair[1].wait);
        sound.then_some(Self(rungs))
    }

    /// The rungs.
    #[must_use]
    pub fn rungs(&self) -> &[Rung] {
        &self.0
    }

    /// The wait that begins with the `failures`-th consecutive failure; `None` between rungs. Past the last rung
    /// every further failure brings the last rung's wait.
    #[must_use]
    pub fn wait_at(&self, failures: u32) -> Option<Duration> {
        let last = self.0.last()?;
        if failures > last.failures {
            return Some(last.wait);
        }
        self.0.iter().find(|rung| rung.failures == failures).map(|rung| rung.wait)
    }
}

impl Default for Ladder {
    /// 3 failures 5 minutes, 5 half an hour, 10 an hour, 15 a day.
    fn default() -> Self {
        const MINUTE: u64 = 60;
        Self(
            [(3, 5 * MINUTE), (5, 30 * MINUTE), (10, 60 * MINUTE), (15, 24 * 60 * MINUTE)]
                .map(|(failures, wait)| Rung { failures, wait: Duration::from_secs(wait) })
                .to_vec(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_to_five_minutes_and_rungs_lock_longer() {
        let lockout = Lockout::default();
        let seconds = |failures| match lockout.wait_at(failures) {
            Wait::Pause(span) => i64::try_from(span.as_secs()).unwrap(),
            Wait::Lock(span) => -i64::try_from(span.as_secs()).unwrap(),
            other => panic!("{other:?}"),
        };
        let waits: Vec<_> = (1..=16).map(seconds).collect();
        let hours = 3600;
        let expected = [1, 2, -300, 8, -1800, 32, 64, 128, 256, -hours, 300, 300, 300, 300, -24 * hours, -24 * hours];
        assert_eq!(waits, expected);
        assert_eq!((lockout.wait_at(99), lockout.wait_at(100)), (Wait::Lock(Duration::from_hours(24)), Wait::Disabled));
        assert_eq!(lockout.wait_at(u32::MAX), Wait::Disabled);
        assert_eq!(lockout.waits().count(), 100);
        assert_eq!(lockout.waits().last(), Some(i64::MAX));
    }

    #[test]
    fn in_shadow_nothing_holds_but_what_time_does_not_end() {
        let shadow = Lockout { mode: Mode::Shadow, ..Lockout::default() };
        assert!((1..100).all(|failures| shadow.wait_at(failures) == Wait::None));
        assert_eq!((shadow.wait_at(100), shadow.wait_at(101)), (Wait::Disabled, Wait::Disabled));
        assert_eq!(shadow.enforced_wait_at(3), Wait::Lock(Duration::from_mins(5)));
        let waits: Vec<_> = shadow.waits().collect();
        assert_eq!((waits.len(), waits[99]), (100, i64::MAX));
        assert!(waits[..99].iter().all(|wait| *wait == 0));
        let (now, later) = (Timestamp::from_seconds(1), Timestamp::from_seconds(2));
        for (lockout, holds) in [(&shadow, false), (&Lockout::default(), true)] {
            assert_eq!(lockout.holds(later, now), holds);
            assert_eq!(later > lockout.passes_until(now), holds);
            assert!(!lockout.holds(now, now) && lockout.holds(Timestamp::NEVER, now));
            assert!(Timestamp::NEVER > lockout.passes_until(now));
        }
    }

    #[test]
    fn what_holds_beyond_the_last_is_the_last() {
        let ladder = Lockout::from(Ladder::default());
        assert_eq!(ladder.waits().count(), 15);
        assert_eq!((ladder.wait_at(1), ladder.wait_at(16)), (Wait::None, Wait::Lock(Duration::from_hours(24))));
        let pauses = Lockout { delay: Delay::default(), ..Lockout::from(Ladder::new(Vec::new()).unwrap()) };
        assert_eq!(pauses.waits().last(), Some(300_000_000));
        assert_eq!(pauses.waits().count(), 10);
    }
}
