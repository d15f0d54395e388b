//! How long something takes.

use super::counter::{About, Instrument};
use crate::telemetry::names::{HTTP_METHOD, HTTP_ROUTE, HTTP_STATUS};
use opentelemetry::{
    KeyValue,
    metrics::{Histogram, Meter},
};
use std::{sync::OnceLock, time::Duration};

/// The bounds in seconds that the semantic conventions advise.
const BOUNDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// Durations of requests by method, route and status. Nothing is kept where nobody reads them.
pub struct Durations {
    about: About,
    kept: OnceLock<Histogram<f64>>,
}

impl Durations {
    /// None yet.
    #[must_use]
    pub const fn new(about: About) -> Self {
        Self { about, kept: OnceLock::new() }
    }

    /// Notes that a request took so long. `method` and `route` are words of tables, never a caller's.
    pub fn note(&self, method: &'static str, route: &'static str, status: u16, span: Duration) {
        if let Some(kept) = self.kept.get() {
            let labels = [
                KeyValue::new(HTTP_METHOD, method),
                KeyValue::new(HTTP_ROUTE, route),
                KeyValue::new(HTTP_STATUS, i64::from(status)),
            ];
            kept.record(span.as_secs_f64(), &labels);
        }
    }
}

impl Instrument for Durations {
    fn offer(&'static self, meter: &Meter) {
        let About { name, unit, description } = self.about;
        let histogram = meter.f64_histogram(name).with_unit(unit).with_description(description);
        self.kept.get_or_init(|| histogram.with_boundaries(BOUNDS.to_vec()).build());
    }
}
