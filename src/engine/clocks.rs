//! Whether this process and its store go by the same time. What one replica calls valid another would call expired else.

use crate::domain::{refusal::Refusal, time::Timestamp};
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// How far the two may be apart.
pub const MOST: Duration = Duration::from_secs(5);

/// So many readings in a row tell that they are apart: one may have been held up where nobody sees it.
const READINGS: u8 = 2;

/// Compares this process's clock with the store's, and says whether anything may be issued.
#[derive(Debug, Default)]
pub struct Clocks {
    apart: AtomicBool,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// They have been together once.
    together: bool,
    /// Readings since then that were not.
    beyond: u8,
}

impl Clocks {
    /// Takes a reading: the store's clock, asked for at `asked` and answered at `answered` by this process's. Gives how far
    /// this process is at least ahead, in microseconds, negative where it is behind: the way there and back is left out, so
    /// that a slow answer never tells of a difference.
    pub fn compare(&self, asked: Timestamp, store: Timestamp, answered: Timestamp) -> i64 {
        // Set back meanwhile, it was answered before it was asked.
        let (first, last) = (asked.micros().min(answered.micros()), asked.micros().max(answered.micros()));
        let store = store.micros();
        let ahead = if store < first { first.saturating_sub(store) } else { last.saturating_sub(store).min(0) };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if u128::from(ahead.unsigned_abs()) <= MOST.as_micros() {
            *known = Known { together: true, beyond: 0 };
            if self.apart.swap(false, Ordering::Relaxed) {
                tracing::info!("the clocks of this process and of the database agree again");
            }
            return ahead;
        }
        known.beyond = known.beyond.saturating_add(1);
        // Nothing is issued on the first reading of all either, unless it is a good one.
        if (known.beyond >= READINGS || !known.together) && !self.apart.swap(true, Ordering::Relaxed) {
            tracing::error!(
                seconds = ahead.unsigned_abs() / 1_000_000,
                ahead = if ahead > 0 { "this machine" } else { "the database's machine" },
                "the clocks of this process and of the database differ by more than 5 s: nothing is issued until they \
                agree; look at the time synchronisation (NTP) of both machines"
            );
        }
        ahead
    }

    /// Whether they were apart when somebody last looked. Together as long as nobody has.
    #[must_use]
    pub fn are_apart(&self) -> bool {
        self.apart.load(Ordering::Relaxed)
    }

    /// Refuses what would be judged or stamped by a clock that is wrong.
    ///
    /// # Errors
    /// [`Refusal::StoreUnavailable`] while they are apart.
    pub(super) fn may_issue(&self) -> Result<(), Refusal> {
        if self.are_apart() { Err(Refusal::StoreUnavailable) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(1_800_000_000 * SECOND + seconds * SECOND)
    }

    fn reading(clocks: &Clocks, asked: i64, store: i64, answered: i64) -> (i64, bool) {
        let ahead = clocks.compare(at(asked), at(store), at(answered));
        (ahead / SECOND, clocks.are_apart())
    }

    #[test]
    fn two_readings_in_a_row_tell() {
        let clocks = Clocks::default();
        assert_eq!(reading(&clocks, 0, 0, 0), (0, false));
        assert_eq!(reading(&clocks, 3600, 0, 3600), (3600, false), "once is a pause");
        assert_eq!(reading(&clocks, 0, 5, 0), (-5, false), "within");
        assert_eq!(reading(&clocks, 0, 6, 0), (-6, false));
        assert_eq!(reading(&clocks, 0, 3600, 0), (-3600, true));
        assert_eq!(clocks.may_issue(), Err(Refusal::StoreUnavailable));
        assert_eq!(reading(&clocks, 6, 0, 6), (6, true));
        assert_eq!(reading(&clocks, 5, 0, 5), (5, false));
        assert_eq!(clocks.may_issue(), Ok(()));
    }

    #[test]
    fn a_slow_answer_tells_nothing() {
        let clocks = Clocks::default();
        for store in [0, 15, 30] {
            assert_eq!(reading(&clocks, 0, store, 30), (0, false));
        }
        assert_eq!(reading(&clocks, 30, 15, 0), (0, false), "set back meanwhile");
    }

    #[test]
    fn the_first_reading_has_to_be_good() {
        let clocks = Clocks::default();
        assert!(!clocks.are_apart());
        assert_eq!(reading(&clocks, 0, 6, 0), (-6, true));
        assert_eq!(reading(&clocks, 0, 0, 0), (0, false));
    }
}
