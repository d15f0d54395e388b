//! Installs the log and, where there is a collector, the spans.

use super::{
    filter::{Events, OwnSpans},
    lines::Lines,
    metrics::{self, Exposition, Instrument, Readers},
    panics,
    redaction::Redacting,
    sampling::Share,
};
use opentelemetry::{KeyValue, trace::TracerProvider as _};
use opentelemetry_otlp::{
    SpanExporter, WithExportConfig as _, WithTonicConfig as _,
    tonic_types::transport::{Certificate, ClientTlsConfig},
};
use opentelemetry_sdk::{
    Resource,
    trace::{SdkTracer, SdkTracerProvider},
};
use std::{
    fs::File,
    io::{self, IsTerminal as _},
    os::fd::AsFd as _,
    time::Duration,
};
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::{
    Layer, Registry,
    layer::SubscriberExt as _,
    registry::LookupSpan,
    util::{SubscriberInitExt as _, TryInitError},
};

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// Where spans go.
#[derive(Clone, Debug)]
pub struct Collector {
    /// An OTLP collector over gRPC, such as `http://localhost:4317`.
    pub endpoint: String,
    /// In PEM, the authorities that an `https` endpoint's certificate may be signed by.
    pub authorities: Option<String>,
    /// The share of requests that is traced, 0 to 1.
    pub sample_ratio: f64,
}

/// What is logged and traced.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How much this service logs of itself.
    pub level: LevelFilter,
    /// In which form.
    pub format: LogFormat,
    /// Where spans and metrics go; without it no span is made.
    pub collector: Option<Collector>,
    /// `service.name` of spans and metrics.
    pub service_name: String,
    /// Whether Prometheus may read the metrics, from [`Telemetry::exposition`].
    pub prometheus: bool,
}

/// Telemetry cannot be installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallFault {
    /// The exporter cannot be made of the endpoint or the authorities.
    #[error("traces cannot be exported to telemetry.otlp_endpoint")]
    Exporter(#[source] opentelemetry_otlp::ExporterBuildError),
    /// The metrics cannot be offered to Prometheus.
    #[error("metrics cannot be offered")]
    Metrics(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The log has no thread, or standard error cannot be had.
    #[error("the log cannot be written")]
    Log(#[source] io::Error),
    /// Another subscriber is installed.
    #[error("the log is installed already")]
    Installed(#[from] TryInitError),
}

/// How long the last lines of the log may take to be written.
const LAST_LINES: Duration = Duration::from_secs(1);

/// The installed telemetry, to be shut down at the end so that the last spans and the last lines of the log arrive.
#[must_use]
pub struct Telemetry {
    lines: Lines,
    spans: Option<SdkTracerProvider>,
    metrics: Option<Readers>,
}

impl Telemetry {
    /// Installs log, panic hook, spans and the readers of `instruments` for the whole process. To be called within the
    /// runtime.
    ///
    /// # Errors
    /// Where the exporter cannot be made, the log cannot be written, or something is installed already.
    pub fn install(settings: &Settings, instruments: &[&'static dyn Instrument]) -> Result<Self, InstallFault> {
        let provider = settings.collector.as_ref().map(|collector| provider(collector, &settings.service_name));
        let provider = provider.transpose()?;
        let lines = stderr().and_then(Lines::start).map_err(InstallFault::Log)?;
        let events = log::<Registry>(settings.format, lines.clone()).with_filter(Events::at(settings.level));
        let registry = tracing_subscriber::registry().with(events);
        // An absent layer within the stack would count as one that wants every span.
        match &provider {
            Some(provider) => registry.with(layer(provider.tracer("identity")).with_filter(OwnSpans)).try_init()?,
            None => registry.try_init()?,
        }
        panics::install();
        let collector = settings.collector.as_ref();
        let metrics = metrics::install(instruments, collector, settings.prometheus, resource(&settings.service_name))?;
        Ok(Self { lines, spans: provider, metrics })
    }

    /// The metrics for Prometheus, where they were asked for.
    #[must_use]
    pub fn exposition(&self) -> Option<Exposition> {
        self.metrics.as_ref()?.exposition.clone()
    }

    /// Sends what is left, for at most `limit`, and then writes the last lines of the log, for at most a second. It blocks a
    /// thread of its own: on the runtime's it can wait for itself (opentelemetry-rust issues 2715 and 2798).
    pub async fn shut_down(self, limit: Duration) {
        let Self { lines, spans, metrics } = self;
        let work = tokio::task::spawn_blocking(move || {
            let metrics = metrics.is_none_or(|readers| readers.provider.shutdown_with_timeout(limit / 2).is_ok());
            spans.is_none_or(|provider| provider.shutdown_with_timeout(limit).is_ok()) && metrics
        });
        if !matches!(tokio::time::timeout(limit, work).await, Ok(Ok(true))) {
            tracing::warn!("the last spans and metrics may not have arrived");
        }
        let _ = tokio::task::spawn_blocking(move || lines.flush(LAST_LINES)).await;
    }
}

/// Turns this crate's spans into exported ones, with the fields that the code gives them and no others.
pub(super) fn layer<S>(tracer: SdkTracer) -> OpenTelemetryLayer<S, SdkTracer>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_level(false)
        .with_tracked_inactivity(false)
}

/// Standard error without the lock of the standard library: whoever complains at the end must not wait for a line that nobody
/// reads.
fn stderr() -> io::Result<File> {
    io::stderr().as_fd().try_clone_to_owned().map(File::from)
}

fn log<S>(format: LogFormat, lines: Lines) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let layer =
        tracing_subscriber::fmt::layer().with_writer(move || lines.clone()).with_ansi(io::stderr().is_terminal());
    match format {
        LogFormat::Human => layer.with_target(false).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed(),
    }
}

fn provider(collector: &Collector, service_name: &str) -> Result<SdkTracerProvider, InstallFault> {
    let mut exporter =
        SpanExporter::builder().with_tonic().with_endpoint(&collector.endpoint).with_timeout(Duration::from_secs(5));
    if let Some(authorities) = &collector.authorities {
        exporter = exporter.with_tls_config(ClientTlsConfig::new().ca_certificate(Certificate::from_pem(authorities)));
    }
    let exporter = exporter.build().map_err(InstallFault::Exporter)?;
    Ok(SdkTracerProvider::builder()
        .with_resource(resource(service_name))
        .with_sampler(Share::new(collector.sample_ratio))
        .with_batch_exporter(Redacting(exporter))
        .build())
}

/// Nothing from the environment: the resource is what the configuration says.
pub(super) fn resource(service_name: &str) -> Resource {
    Resource::builder_empty()
        .with_attribute(KeyValue::new("service.name", service_name.to_owned()))
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build()
}
