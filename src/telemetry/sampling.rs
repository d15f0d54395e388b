//! Which requests are traced.

use super::names;
use opentelemetry::{
    Context, KeyValue,
    trace::{Link, SpanContext, SpanKind, SpanRef, TraceContextExt as _, TraceId, TraceState},
};
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, ShouldSample};
use std::hash::{BuildHasher as _, RandomState};

/// Traces a share of the requests, whatever their callers ask for. A caller names the trace, so a share taken of the
/// trace id itself would let a caller choose; it is taken of a keyed hash instead, under a key of this process.
#[derive(Clone, Debug)]
pub(super) struct Share {
    /// Hashes up to this one are traced.
    bound: u64,
    none: bool,
    key: RandomState,
}

impl Share {
    /// A share from 0 to 1.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a float cast saturates, and a share need not be exact to the last bit"
    )]
    pub(super) fn new(ratio: f64) -> Self {
        Self { bound: (ratio * u64::MAX as f64) as u64, none: ratio <= 0.0, key: RandomState::new() }
    }

    fn takes(&self, trace_id: TraceId) -> bool {
        !self.none && self.key.hash_one(trace_id.to_bytes()) <= self.bound
    }
}

impl ShouldSample for Share {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        _: &SpanKind,
        _: &[KeyValue],
        _: &[Link],
    ) -> SamplingResult {
        let span = parent.map(|parent| parent.span());
        let local = span.as_ref().map(SpanRef::span_context).filter(|it| it.is_valid() && !it.is_remote());
        // Jobs ask the store several times a second, which nobody wants to see.
        let job = parent_is_missing(parent) && name == names::STORE;
        let traced = !job && local.map_or_else(|| self.takes(trace_id), SpanContext::is_sampled);
        SamplingResult {
            decision: if traced { SamplingDecision::RecordAndSample } else { SamplingDecision::Drop },
            attributes: Vec::new(),
            trace_state: TraceState::default(),
        }
    }
}

fn parent_is_missing(parent: Option<&Context>) -> bool {
    parent.is_none_or(|parent| !parent.span().span_context().is_valid())
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::trace::{SpanId, TraceFlags};

    fn decides(share: &Share, id: u128, flags: TraceFlags, remote: bool) -> bool {
        let trace_id = TraceId::from_bytes(id.to_be_bytes());
        let span = SpanContext::new(trace_id, SpanId::from_bytes([1; 8]), flags, remote, TraceState::default());
        let parent = Context::new().with_remote_span_context(span);
        let result = share.should_sample(Some(&parent), trace_id, "rpc", &SpanKind::Server, &[], &[]);
        result.decision == SamplingDecision::RecordAndSample
    }

    #[test]
    fn a_caller_cannot_ask_to_be_traced() {
        let never = Share::new(0.0);
        assert!((1..100).all(|id| !decides(&never, id, TraceFlags::SAMPLED, true)));
        let always = Share::new(1.0);
        assert!((1..100).all(|id| decides(&always, id, TraceFlags::default(), true)));
        // Neither by the flag nor by a trace id that is small.
        let some = Share::new(0.25);
        let traced = (1..=4000).filter(|id| decides(&some, *id, TraceFlags::SAMPLED, true)).count();
        assert!((800..1200).contains(&traced), "{traced}");
    }

    #[test]
    fn what_jobs_ask_of_the_store_is_not_traced() {
        let trace_id = TraceId::from_bytes([1; 16]);
        let decide = |name| Share::new(1.0).should_sample(None, trace_id, name, &SpanKind::Client, &[], &[]).decision;
        assert_eq!(decide("store"), SamplingDecision::Drop);
        assert_eq!(decide("delivery"), SamplingDecision::RecordAndSample);
    }

    #[test]
    fn the_spans_of_a_request_are_traced_together() {
        let some = Share::new(0.5);
        assert!((1..100).all(|id| decides(&some, id, TraceFlags::SAMPLED, false)));
        assert!((1..100).all(|id| !decides(&some, id, TraceFlags::default(), false)));
    }
}
