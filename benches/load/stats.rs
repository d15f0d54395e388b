//! Distributions of time, and medians of runs.

use std::time::Duration;

use hdrhistogram::Histogram;

/// A distribution of times, exact to a thousandth, up to a minute.
#[derive(Clone, Debug)]
pub(crate) struct Latency(Histogram<u64>);

impl Latency {
    const LONGEST: u64 = 60_000_000_000;

    /// An empty distribution.
    pub(crate) fn new() -> Self {
        Self(Histogram::new_with_bounds(100, Self::LONGEST, 3).unwrap())
    }

    /// Counts a time.
    pub(crate) fn record(&mut self, time: Duration) {
        self.0.saturating_record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).min(Self::LONGEST));
    }

    /// Counts everything that the other has counted.
    pub(crate) fn add(&mut self, other: &Self) {
        self.0.add(&other.0).unwrap();
    }

    /// The time in microseconds that a share of all does not exceed; `quantile` from 0 to 1.
    pub(crate) fn micros(&self, quantile: f64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "nanoseconds up to a minute")]
        let nanos = self.0.value_at_quantile(quantile) as f64;
        nanos / 1000.0
    }
}

/// The middle one, or the mean of the two in the middle; NaN of none.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => values[half],
        _ => f64::midpoint(values[half - 1], values[half]),
    }
}
