//! Metrics: counted in atomics, read by an OTLP collector and by Prometheus.

mod counter;
mod durations;
mod instruments;

pub use counter::{About, Counter, Gauge, Instrument, Total};
pub use durations::Durations;
pub use instruments::{
    ALL, ALONE, ANALYTICS_EVENTS, CHANGES, CLOCK_AHEAD, CONNECTIONS_FULL, DECISIONS, HANDOVERS, HTTP_REQUESTS,
    LOG_LINES, PANICS, RECEIPTS, STORE_BATCHES_LEFT_BEHIND, TEXT_MESSAGES_STOPPED,
};

use super::install::{Collector, InstallFault};
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry_otlp::{
    MetricExporter, WithExportConfig as _, WithTonicConfig as _,
    tonic_types::transport::{Certificate, ClientTlsConfig},
};
use opentelemetry_sdk::{
    Resource,
    metrics::{PeriodicReader, SdkMeterProvider},
};
use prometheus::{Registry, TextEncoder};
use std::time::Duration;

/// How often a collector is told.
const INTERVAL: Duration = Duration::from_secs(15);

/// The metrics in the text form of Prometheus. Clones are the same.
#[derive(Clone, Debug)]
pub struct Exposition(Registry);

impl Exposition {
    /// The media type of the text.
    pub const CONTENT_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    /// Every instrument as it stands now; `None` where the text cannot be made.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        TextEncoder::new().encode_to_string(&self.0.gather()).ok()
    }
}

/// What reads the instruments.
pub(super) struct Readers {
    pub(super) provider: SdkMeterProvider,
    pub(super) exposition: Option<Exposition>,
}

/// Offers the instruments to a collector and, where it is asked for, to Prometheus; `None` where to neither.
pub(super) fn install(
    instruments: &[&'static dyn Instrument],
    collector: Option<&Collector>,
    for_prometheus: bool,
    resource: Resource,
) -> Result<Option<Readers>, InstallFault> {
    if collector.is_none() && !for_prometheus {
        return Ok(None);
    }
    let mut provider = SdkMeterProvider::builder().with_resource(resource);
    if let Some(collector) = collector {
        provider = provider.with_reader(PeriodicReader::builder(exporter(collector)?).with_interval(INTERVAL).build());
    }
    let mut exposition = None;
    if for_prometheus {
        let registry = Registry::new();
        let reader = opentelemetry_prometheus::exporter().with_registry(registry.clone());
        provider = provider.with_reader(reader.build().map_err(|fault| InstallFault::Metrics(fault.into()))?);
        exposition = Some(Exposition(registry));
    }
    let provider = provider.build();
    let meter = provider.meter("identity");
    for instrument in instruments {
        instrument.offer(&meter);
    }
    Ok(Some(Readers { provider, exposition }))
}

fn exporter(collector: &Collector) -> Result<MetricExporter, InstallFault> {
    let mut exporter =
        MetricExporter::builder().with_tonic().with_endpoint(&collector.endpoint).with_timeout(Duration::from_secs(5));
    if let Some(authorities) = &collector.authorities {
        exporter = exporter.with_tls_config(ClientTlsConfig::new().ca_certificate(Certificate::from_pem(authorities)));
    }
    exporter.build().map_err(InstallFault::Exporter)
}
