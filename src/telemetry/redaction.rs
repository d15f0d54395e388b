//! The last gate before a span leaves the process: what `names` does not list is dropped.

use super::names;
use opentelemetry::trace::Status;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SpanData, SpanExporter},
};
use std::{borrow::Cow, time::Duration};

/// Exports spans by way of `E`, with listed names and fields alone. Events, links and error texts are not exported:
/// they hold words of libraries and of others.
#[derive(Debug)]
pub(super) struct Redacting<E>(pub(super) E);

impl<E: SpanExporter> SpanExporter for Redacting<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        batch.iter_mut().for_each(redact);
        self.0.export(batch).await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

fn redact(span: &mut SpanData) {
    span.attributes.retain(|attribute| names::FIELDS.contains(&attribute.key.as_str()));
    span.events.events.clear();
    span.links.links.clear();
    if matches!(span.status, Status::Error { .. }) {
        span.status = Status::Error { description: Cow::Borrowed("") };
    }
    let of = |name: &str| {
        let found = span.attributes.iter().find(|attribute| attribute.key.as_str() == name);
        found.map(|attribute| attribute.value.as_str())
    };
    let is_method = of(names::RPC_METHOD).is_some_and(|method| method == span.name);
    let route = of(names::HTTP_METHOD).zip(of(names::HTTP_ROUTE));
    let is_route = route.is_some_and(|(method, route)| format!("{method} {route}") == span.name);
    if !is_method && !is_route && !names::SPANS.contains(&span.name.as_ref()) {
        span.name = Cow::Borrowed("unnamed");
    }
}

#[cfg(test)]
mod tests;
