//! Events for a collector that takes logs, by OTLP.

use super::install::{Collector, InstallFault, resource};
use opentelemetry::{
    Key,
    logs::{AnyValue, LogRecord as _, Logger as _, LoggerProvider as _, Severity},
};
use opentelemetry_otlp::{
    LogExporter, WithExportConfig as _, WithTonicConfig as _,
    tonic_types::transport::{Certificate, ClientTlsConfig},
};
use opentelemetry_sdk::logs::{SdkLogger, SdkLoggerProvider};
use std::time::{Duration, SystemTime};

/// How long the collector may take for a batch.
const LIMIT: Duration = Duration::from_secs(5);

/// Sends events as log records, each with its name. They belong to no span.
#[derive(Debug)]
pub struct EventLog {
    provider: SdkLoggerProvider,
    logger: SdkLogger,
}

impl EventLog {
    /// Opens the way to a collector. Nothing is connected yet. To be called within the runtime.
    ///
    /// # Errors
    /// Where the exporter cannot be made of the endpoint or the authorities.
    pub fn open(collector: &Collector, service_name: &str) -> Result<Self, InstallFault> {
        let mut exporter = LogExporter::builder().with_tonic().with_endpoint(&collector.endpoint).with_timeout(LIMIT);
        if let Some(authorities) = &collector.authorities {
            exporter =
                exporter.with_tls_config(ClientTlsConfig::new().ca_certificate(Certificate::from_pem(authorities)));
        }
        let exporter = exporter.build().map_err(InstallFault::Exporter)?;
        let provider =
            SdkLoggerProvider::builder().with_resource(resource(service_name)).with_batch_exporter(exporter).build();
        Ok(Self { logger: provider.logger("identity.analytics"), provider })
    }

    /// Takes an event, to be sent with the next [`EventLog::flush`]. `time` is in RFC 3339, and no finer time is told.
    pub fn emit(&self, name: &'static str, time: &str, version: i64, attributes: &[(&'static str, &str)]) {
        let mut record = self.logger.create_log_record();
        record.set_event_name(name);
        record.set_severity_number(Severity::Info);
        if let Ok(time) = time.parse::<jiff::Timestamp>() {
            record.set_timestamp(SystemTime::from(time));
            // Left out, the time to the nanosecond would stand in its place.
            record.set_observed_timestamp(SystemTime::from(time));
        }
        record.add_attribute("version", AnyValue::Int(version));
        for (key, value) in attributes {
            record.add_attribute(Key::from_static_str(key), AnyValue::from((*value).to_owned()));
        }
        self.logger.emit(record);
    }

    /// Sends what was taken, and tells whether all of it arrived. It blocks for up to the exporter's time limit.
    #[must_use]
    pub fn flush(&self) -> bool {
        self.provider.force_flush().is_ok()
    }

    /// Sends what is left, and ends. It blocks.
    pub fn shut_down(&self) {
        if self.provider.shutdown_with_timeout(LIMIT).is_err() {
            tracing::warn!("the last events of the funnel may not have arrived");
        }
    }
}
