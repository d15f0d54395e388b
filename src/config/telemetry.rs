//! `[telemetry]`: logs, traces and metrics.

use super::{
    form::{Share, Text, Word},
    network,
    reader::Section,
};
use std::{net::SocketAddr, path::PathBuf};

/// How much this service logs of itself. The libraries beneath it log warnings alone, whatever the level: what they
/// say of requests is not ours to redact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Faults.
    Error,
    /// And what may become one.
    Warn,
    /// And what an operator wants to have read.
    Info,
    /// And what a developer wants to have read.
    Debug,
    /// Everything.
    Trace,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// The section.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// `service.name` of traces and metrics.
    pub service_name: String,
    /// How much is logged.
    pub log_level: LogLevel,
    /// In which form.
    pub log_format: LogFormat,
    /// Where traces and metrics go, by OTLP over gRPC; `None` makes no trace.
    pub otlp_endpoint: Option<String>,
    /// The authorities that the endpoint's certificate may be signed by, in PEM; needed for `https`.
    pub otlp_ca_file: Option<PathBuf>,
    /// Which share of requests is traced. A caller's wish to be traced is not obeyed.
    pub sample_ratio: f64,
    /// Where Prometheus reads metrics; `None` serves none.
    pub metrics_listen: Option<SocketAddr>,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            service_name: "identity".to_owned(),
            log_level: LogLevel::Info,
            log_format: LogFormat::Json,
            otlp_endpoint: None,
            otlp_ca_file: None,
            sample_ratio: 1.0,
            metrics_listen: None,
        }
    }
}

const LEVEL: Word<LogLevel> = Word(&[
    ("error", LogLevel::Error),
    ("warn", LogLevel::Warn),
    ("info", LogLevel::Info),
    ("debug", LogLevel::Debug),
    ("trace", LogLevel::Trace),
]);
const FORMAT: Word<LogFormat> = Word(&[("human", LogFormat::Human), ("json", LogFormat::Json)]);

/// Where a collector is reached.
fn collector() -> Text<fn(&str) -> Option<String>> {
    Text {
        parse: |text| network::is_url(text).then(|| text.to_owned()),
        expected: "the collector's URL such as \"https://collector.internal:4317\", without user, query, fragment or closing slash",
    }
}

pub(super) fn read(section: &mut Section<'_>) -> Option<Telemetry> {
    let default = Telemetry::default();
    let service_name =
        section.get("service_name", &network::words::<64>("1 to 64 characters")).or(default.service_name);
    let log_level = section.get("log_level", &LEVEL).or(default.log_level);
    let log_format = section.get("log_format", &FORMAT).or(default.log_format);
    let otlp_endpoint = section.get("otlp_endpoint", &collector()).optional();
    let otlp_ca_file = network::path(section, "otlp_ca_file", "the path of the authorities in PEM").optional();
    let sample_ratio = section.get("sample_ratio", &Share).or(default.sample_ratio);
    let metrics_listen = section.get("metrics_listen", &network::listener()).optional();
    let (otlp_endpoint, otlp_ca_file) = (otlp_endpoint?, otlp_ca_file?);
    let encrypted = otlp_endpoint.as_deref().is_some_and(|url| !network::is_clear(url));
    if encrypted != otlp_ca_file.is_some() {
        let (what, remedy) = if encrypted {
            ("is missing", "name the authorities that may sign the endpoint's certificate")
        } else {
            ("has no effect without an https endpoint", "remove it, or give otlp_endpoint as https")
        };
        section.wrong("otlp_ca_file", what, remedy);
        return None;
    }
    Some(Telemetry {
        service_name: service_name?,
        log_level: log_level?,
        log_format: log_format?,
        otlp_endpoint,
        otlp_ca_file,
        sample_ratio: sample_ratio?,
        metrics_listen: metrics_listen?,
    })
}

#[cfg(test)]
mod tests;
