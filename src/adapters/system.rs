//! The operating system's clock and randomness: the one place that may ask for them.

use crate::{
    domain::time::Timestamp,
    ports::{clock::Clock, entropy::Entropy},
};
use rand::{Rng as _, RngExt as _, rand_core::UnwrapErr, rngs::SysRng};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use uuid::Uuid;

/// The system's wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock port's home")]
    fn now(&self) -> Timestamp {
        let micros = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
        Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
    }
}

/// The wall clock as it was at the start, and since then a clock that nobody sets: for spans within this process.
#[derive(Clone, Copy, Debug)]
pub struct SteadyClock {
    start: Timestamp,
    started: Instant,
}

impl SteadyClock {
    /// A clock that starts now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the clock port's home")]
    pub fn start() -> Self {
        Self { start: SystemClock.now(), started: Instant::now() }
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        self.start.after(self.started.elapsed())
    }
}

/// The operating system's generator, asked each time: nothing of it stays in this process. Where the system has no
/// randomness to give there is no safe way on, and the calling task ends.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn bytes32(&self) -> [u8; 32] {
        let mut out = [0; 32];
        UnwrapErr(SysRng).fill_bytes(&mut out);
        out
    }

    fn below(&self, bound: u64) -> u64 {
        UnwrapErr(SysRng).random_range(0..bound.max(1))
    }

    fn uuid(&self) -> Uuid {
        let mut random = [0; 10];
        UnwrapErr(SysRng).fill_bytes(&mut random);
        let millis = SystemClock.now().micros() / 1000;
        uuid::Builder::from_unix_timestamp_millis(u64::try_from(millis).unwrap_or(0), &random).into_uuid()
    }
}
