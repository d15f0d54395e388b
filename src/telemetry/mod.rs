//! Spans and metrics over OTLP, metrics for Prometheus, logs on standard error, and what may stand in them.
//!
//! Spans go to the collector alone, events to the log alone. Where no collector is configured no span is made at all.

mod event_log;
mod filter;
mod install;
mod lines;
pub mod metrics;
pub mod names;
mod panics;
mod redaction;
mod sampling;
mod spans;
mod trace_context;

pub use event_log::EventLog;
pub use install::{Collector, InstallFault, LogFormat, Settings, Telemetry};
pub use spans::{http_span, rpc_span};
pub use trace_context::{extract_parent, trace_id};
