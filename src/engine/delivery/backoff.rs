//! How long to wait before the next try.

use crate::ports::entropy::Entropy;
use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

/// The pause after the `tries`-th failure: it doubles from one second to thirty, and up to half of it is left out at
/// random, so that what failed together does not come back together.
pub(super) fn pause(tries: u32, entropy: &dyn Entropy) -> Duration {
    let doubled = FIRST.saturating_mul(1 << tries.saturating_sub(1).min(16));
    let half = doubled.min(LONGEST) / 2;
    let micros = u64::try_from(half.as_micros()).unwrap_or(u64::MAX);
    half + Duration::from_micros(entropy.below(micros.saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    struct Draws(bool);

    impl Entropy for Draws {
        fn bytes32(&self) -> [u8; 32] {
            [0; 32]
        }

        fn below(&self, bound: u64) -> u64 {
            if self.0 { bound - 1 } else { 0 }
        }

        fn uuid(&self) -> Uuid {
            Uuid::nil()
        }
    }

    #[test]
    fn pauses_double_up_to_thirty_seconds_and_scatter() {
        let millis = |tries, high| pause(tries, &Draws(high)).as_millis();
        let bounds: Vec<_> = [0, 1, 2, 3, 5, 6, 7, u32::MAX].map(|n| (millis(n, false), millis(n, true))).into();
        assert_eq!(
            bounds,
            [
                (500, 1000),
                (500, 1000),
                (1000, 2000),
                (2000, 4000),
                (8000, 16_000),
                (15_000, 30_000),
                (15_000, 30_000),
                (15_000, 30_000)
            ]
        );
    }
}
