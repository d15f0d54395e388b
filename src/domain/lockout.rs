//! The ladder: how long an identifier waits after so many wrong codes in a row.

use std::time::Duration;

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

    /// The wait for each number of consecutive failures, from 1 to the last rung's; zero between rungs. Beyond, the
    /// last holds.
    pub fn waits(&self) -> impl Iterator<Item = Duration> {
        let last = self.0.last().map_or(0, |rung| rung.failures);
        (1..=last).map(|failures| self.wait_at(failures).unwrap_or_default())
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
