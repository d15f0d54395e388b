use super::*;
use crate::telemetry::{extract_parent, filter::OwnSpans, rpc_span, sampling::Share, trace_id};
use http::{HeaderMap, HeaderValue};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::sync::{Arc, Mutex};
use tracing_subscriber::{Layer as _, layer::SubscriberExt as _};

#[derive(Clone, Debug, Default)]
struct Kept(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Kept {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap().extend(batch);
        Ok(())
    }
}

/// What is exported of the spans that `work` makes.
fn exported(ratio: f64, work: impl FnOnce()) -> Vec<SpanData> {
    let kept = Kept::default();
    let provider = SdkTracerProvider::builder()
        .with_sampler(Share::new(ratio))
        .with_simple_exporter(Redacting(kept.clone()))
        .build();
    let layer = super::super::install::layer(provider.tracer("identity")).with_filter(OwnSpans);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), work);
    provider.force_flush().unwrap();
    kept.0.lock().unwrap().clone()
}

fn parent() -> opentelemetry::Context {
    let mut headers = HeaderMap::new();
    let value = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    headers.insert("traceparent", HeaderValue::from_static(value));
    extract_parent(&headers)
}

#[test]
fn only_listed_names_and_fields_leave_the_process() {
    let spans = exported(1.0, || {
        let rpc = rpc_span("identity.v1.IdentityService/SendOtp", parent());
        rpc.record(names::RPC_STATUS, "OK");
        rpc.in_scope(|| {
            let store = tracing::info_span!("store", db.system.name = "sqlite", db.operation.name = "begin_challenge");
            store.in_scope(|| tracing::error!(email = "canary@example.com", "canary"));
            let stray = tracing::info_span!(
                "stray",
                otel.name = "canary",
                email = "canary",
                otel.status_code = "ERROR",
                otel.status_description = "canary",
                outcome = "fine"
            );
            drop(stray);
        });
    });
    assert_eq!(spans.len(), 3);
    assert!(!format!("{spans:?}").contains("canary"), "{spans:?}");
    let find = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    let rpc = find("identity.v1.IdentityService/SendOtp");
    assert_eq!(rpc.span_context.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(rpc.parent_span_id.to_string(), "b7ad6b7169203331");
    let fields: Vec<_> = rpc.attributes.iter().map(|field| field.key.as_str()).collect();
    assert_eq!(fields, [names::RPC_METHOD, names::RPC_STATUS]);
    assert_eq!(find("store").parent_span_id, rpc.span_context.span_id());
    let stray = find("unnamed");
    assert_eq!(stray.attributes.len(), 1);
}

#[test]
fn a_request_that_is_not_traced_is_known_by_its_trace_all_the_same() {
    let spans = exported(0.0, || {
        let rpc = rpc_span("identity.v1.IdentityService/SendOtp", parent());
        assert_eq!(trace_id(&rpc, &parent()), "0af7651916cd43dd8448eb211c80319c");
    });
    assert!(spans.is_empty());
}

#[test]
fn spans_of_libraries_are_not_made() {
    let spans = exported(1.0, || {
        let span = tracing::info_span!(target: "hyper::proto", "canary");
        assert!(span.is_disabled());
        let span = tracing::debug_span!("store");
        assert!(span.is_disabled());
        let span = tracing::info_span!(target: "identity_of_others", "store");
        assert!(span.is_disabled());
    });
    assert!(spans.is_empty());
}
