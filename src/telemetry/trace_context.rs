//! The caller's trace (W3C Trace Context).

use http::HeaderMap;
use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState},
};
use opentelemetry_sdk::trace::{IdGenerator as _, RandomIdGenerator};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// The caller's span, as a parent; an empty context where `traceparent` is missing, given twice or malformed.
///
/// `tracestate` and `baggage` are not read: they may carry what others know of a person, and nothing here needs them.
#[must_use]
pub fn extract_parent(headers: &HeaderMap) -> Context {
    let mut values = headers.get_all("traceparent").iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Context::new() };
    value.to_str().ok().and_then(parse).map_or_else(Context::new, |span| Context::new().with_remote_span_context(span))
}

/// The trace that a call belongs to, as 32 hexadecimal digits: its own span's where it has one, else the caller's; a new
/// one, drawn at random, where there is neither. To be asked once for each call.
#[must_use]
pub fn trace_id(span: &Span, parent: &Context) -> String {
    let own = span.context().span().span_context().trace_id();
    let id = if own == TraceId::INVALID { parent.span().span_context().trace_id() } else { own };
    // By the generator that spans have theirs from: it guards nothing, and is not to cost what a secret does.
    if id == TraceId::INVALID { RandomIdGenerator::default().new_trace_id() } else { id }.to_string()
}

/// Version 00 has exactly four fields; a later one may have more behind them.
fn parse(text: &str) -> Option<SpanContext> {
    let digits =
        |text: &str, length| text.len() == length && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    let mut fields = text.split('-');
    let (version, trace, span, flags) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let known = digits(version, 2) && version != "ff" && (version != "00" || fields.next().is_none());
    if !known || !digits(trace, 32) || !digits(span, 16) || !digits(flags, 2) {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let context = SpanContext::new(trace, span, flags, true, TraceState::default());
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn trace_of(values: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("traceparent", HeaderValue::from_str(value).unwrap());
        }
        headers.append("tracestate", HeaderValue::from_static("vendor=canary"));
        let parent = extract_parent(&headers);
        assert_eq!(parent.span().span_context().trace_state(), &TraceState::default());
        trace_id(&Span::none(), &parent)
    }

    #[test]
    fn a_good_parent_is_taken() {
        assert_eq!(trace_of(&[GOOD]), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(trace_of(&[&GOOD.replacen("00", "01", 1)]), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(trace_of(&[&format!("{}-more", GOOD.replacen("00", "cc", 1))]), "0af7651916cd43dd8448eb211c80319c");
    }

    #[test]
    fn anything_else_begins_a_trace_of_its_own() {
        let zeros = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
        let long = format!("{GOOD}-more");
        let upper = GOOD.to_uppercase();
        let forbidden = GOOD.replacen("00", "ff", 1);
        let mut drawn = std::collections::HashSet::new();
        let mut is_new = |values: &[&str]| {
            let id = trace_of(values);
            assert!(id.len() == 32 && TraceId::from_hex(&id).unwrap() != TraceId::INVALID, "{values:?} {id}");
            assert!(!GOOD.contains(&id) && drawn.insert(id), "{values:?}");
        };
        for bad in ["", "00", zeros, &long, &upper, &forbidden, &GOOD[..54], "00-+af7651916cd43dd8448eb211c80319-b7-01"]
        {
            is_new(&[bad]);
        }
        is_new(&[GOOD, GOOD]);
        is_new(&[]);
        is_new(&[]);
    }
}
