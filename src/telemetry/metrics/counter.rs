//! Figures that cost an atomic step where they change, and are read when someone asks.

use opentelemetry::{KeyValue, metrics::Meter};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// A figure that can be offered to readers. Its labels are fixed tables in the code, never a caller's words.
pub trait Instrument: Sync {
    /// Offers it, under its name, to whoever reads `meter`.
    fn offer(&'static self, meter: &Meter);
}

/// What an instrument is called and says.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Its name, one of `names`.
    pub name: &'static str,
    /// What one of it is, in the form of UCUM: `{call}`.
    pub unit: &'static str,
    /// One sentence for a person.
    pub description: &'static str,
}

/// A counter over two labels, each of a fixed table: `R` and `C` are their lengths.
pub struct Counter<const R: usize, const C: usize> {
    about: About,
    labels: [&'static str; 2],
    rows: [&'static str; R],
    columns: [&'static str; C],
    from_zero: bool,
    counts: [[AtomicU64; C]; R],
}

impl<const R: usize, const C: usize> Counter<R, C> {
    /// A counter that shows the series that have counted something.
    #[must_use]
    pub const fn new(
        about: About,
        labels: [&'static str; 2],
        rows: [&'static str; R],
        columns: [&'static str; C],
    ) -> Self {
        let counts = [const { [const { AtomicU64::new(0) }; C] }; R];
        Self { about, labels, rows, columns, from_zero: false, counts }
    }

    /// The same, showing every series from the start: a rule on its rise then sees the first step too.
    #[must_use]
    pub const fn from_zero(mut self) -> Self {
        self.from_zero = true;
        self
    }

    /// Counts one of the series at `row` and `column`. Beyond the tables nothing is counted.
    pub fn add(&self, row: usize, column: usize) {
        self.add_many(row, column, 1);
    }

    /// The same, several at a time.
    pub fn add_many(&self, row: usize, column: usize, times: usize) {
        if let Some(count) = self.counts.get(row).and_then(|row| row.get(column)) {
            count.fetch_add(u64::try_from(times).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }

    /// The same, for the series of these labels.
    pub fn add_labelled(&self, row: &str, column: &str, times: usize) {
        let row = self.rows.iter().position(|label| *label == row);
        let column = self.columns.iter().position(|label| *label == column);
        if let (Some(row), Some(column)) = (row, column) {
            self.add_many(row, column, times);
        }
    }

    /// The labels of the rows.
    #[cfg(test)]
    pub(crate) const fn rows(&self) -> &[&'static str; R] {
        &self.rows
    }

    fn series(&self) -> Vec<(&AtomicU64, [KeyValue; 2])> {
        let [first, second] = self.labels;
        let rows = self.rows.iter().zip(&self.counts);
        let series = rows.flat_map(|(row, counts)| {
            let columns = self.columns.iter().zip(counts);
            columns.map(|(column, count)| (count, [KeyValue::new(first, *row), KeyValue::new(second, *column)]))
        });
        series.collect()
    }
}

impl<const R: usize, const C: usize> Instrument for Counter<R, C> {
    fn offer(&'static self, meter: &Meter) {
        let About { name, unit, description } = self.about;
        let (series, from_zero) = (self.series(), self.from_zero);
        let counter = meter.u64_observable_counter(name).with_unit(unit).with_description(description);
        counter
            .with_callback(move |reader| {
                for (count, labels) in &series {
                    let count = count.load(Ordering::Relaxed);
                    if count > 0 || from_zero {
                        reader.observe(count, labels);
                    }
                }
            })
            .build();
    }
}

/// A counter without labels, shown from the start: a rule on its rise then sees the first step too.
pub struct Total {
    about: About,
    count: AtomicU64,
}

impl Total {
    /// A counter at zero.
    #[must_use]
    pub const fn new(about: About) -> Self {
        Self { about, count: AtomicU64::new(0) }
    }

    /// Counts one.
    pub fn add(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }
}

impl Instrument for Total {
    fn offer(&'static self, meter: &Meter) {
        let About { name, unit, description } = self.about;
        let counter = meter.u64_observable_counter(name).with_unit(unit).with_description(description);
        counter.with_callback(move |reader| reader.observe(self.count.load(Ordering::Relaxed), &[])).build();
    }
}

/// A figure that rises and falls.
pub struct Gauge {
    about: About,
    value: AtomicU64,
}

impl Gauge {
    /// A gauge at zero.
    #[must_use]
    pub const fn new(about: About) -> Self {
        Self { about, value: AtomicU64::new(0) }
    }

    /// Sets it.
    pub fn set(&self, value: u64) {
        self.value.store(value, Ordering::Relaxed);
    }
}

impl Instrument for Gauge {
    fn offer(&'static self, meter: &Meter) {
        let About { name, unit, description } = self.about;
        let gauge = meter.u64_observable_gauge(name).with_unit(unit).with_description(description);
        gauge.with_callback(move |reader| reader.observe(self.value.load(Ordering::Relaxed), &[])).build();
    }
}

/// A length of time that goes up and down, in seconds.
#[derive(Debug)]
pub struct Span {
    about: About,
    micros: AtomicI64,
}

impl Span {
    /// A span of nothing.
    #[must_use]
    pub const fn new(about: About) -> Self {
        Self { about, micros: AtomicI64::new(0) }
    }

    /// Sets it, in microseconds.
    pub fn set_micros(&self, micros: i64) {
        self.micros.store(micros, Ordering::Relaxed);
    }

    /// In whole milliseconds, which a double holds exactly; what is beyond 24 days shows as that.
    fn seconds(&self) -> f64 {
        let millis = self.micros.load(Ordering::Relaxed) / 1000;
        let bound = if millis < 0 { i32::MIN } else { i32::MAX };
        f64::from(i32::try_from(millis).unwrap_or(bound)) / 1e3
    }
}

impl Instrument for Span {
    fn offer(&'static self, meter: &Meter) {
        let About { name, unit, description } = self.about;
        let gauge = meter.f64_observable_gauge(name).with_unit(unit).with_description(description);
        gauge.with_callback(move |reader| reader.observe(self.seconds(), &[])).build();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_keeps_its_sign_however_long_it_is() {
        let span = Span::new(About { name: "", unit: "s", description: "" });
        for (micros, seconds) in [
            (0, 0.0),
            (-1_500_000, -1.5),
            (3_600_000_000, 3600.0),
            (i64::MIN, -2_147_483.648),
            (i64::MAX, 2_147_483.647),
        ] {
            span.set_micros(micros);
            assert!((span.seconds() - seconds).abs() < 1e-9, "{micros}");
        }
    }
}
