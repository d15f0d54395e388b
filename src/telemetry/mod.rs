//! Spans over OTLP, logs on standard error, and what may stand in them.
