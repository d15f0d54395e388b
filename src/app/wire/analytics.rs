//! Who counts the funnel of signing in.

use crate::{
    adapters::analytics::{self, AnalyticsWriter, Sinks},
    app::Failure,
    config::{
        Config,
        problem::{Problem, because},
    },
    engine::funnel::Funnel,
    ports::{analytics::Analytics, keys::Keys},
    telemetry::{Collector, EventLog},
};
use std::sync::Arc;

/// The funnel, and the writer of its events where there is one.
///
/// # Errors
/// Where the file cannot be written, or the collector's address cannot be used.
pub(in crate::app) fn build(
    config: &Config,
    authorities: Option<String>,
    keys: Arc<dyn Keys>,
) -> Result<(Funnel, Option<AnalyticsWriter>), Failure> {
    let chosen = &config.analytics;
    if !chosen.is_on() {
        return Ok((Funnel::new(None, keys), None));
    }
    let collector = config.telemetry.otlp_endpoint.clone().filter(|_| chosen.otlp);
    let collector = collector.map(|endpoint| {
        let collector = Collector { endpoint, authorities, sample_ratio: 1.0 };
        EventLog::open(&collector, &config.telemetry.service_name)
    });
    let collector = collector.transpose().map_err(|fault| Failure::Fault(fault.to_string()))?;
    let (queue, writer) = analytics::open(Sinks { file: chosen.file.clone(), collector }).map_err(|error| {
        let file = chosen.file.clone().unwrap_or_default();
        let what = format!("cannot be written: {}", because(&error));
        Problem::of_file(&file, "analytics.file", what, "name a file in a folder that this user can write")
    })?;
    let queue: Arc<dyn Analytics> = Arc::new(queue);
    Ok((Funnel::new(Some(queue), keys), Some(writer)))
}
