//! The spans of this service.

use super::names::{LIMITER, OUTCOME, REASON, RPC, RPC_METHOD, RPC_STATUS, STORE, STORE_OPERATION, STORE_SYSTEM};
use opentelemetry::Context;
use tracing::{Span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// The span of one call, below the caller's. `method` is one that exists, such as
/// `identity.v1.IdentityService/SendOtp`, never a path as it was sent. The answer's code is recorded as `RPC_STATUS`,
/// a refusal's reason as `REASON`.
#[must_use]
pub fn rpc_span(method: &'static str, parent: Context) -> Span {
    let span = tracing::info_span!(
        RPC,
        otel.name = method,
        otel.kind = "server",
        otel.status_code = Empty,
        { RPC_METHOD } = method,
        { RPC_STATUS } = Empty,
        { REASON } = Empty
    );
    if !span.is_disabled() {
        // It fails only for a span that has begun, which this one has not.
        let _ = span.set_parent(parent);
    }
    span
}

/// The span of one step of the store: `system` is `postgresql` or `sqlite`.
#[must_use]
pub fn store_span(system: &'static str, step: &'static str) -> Span {
    tracing::info_span!(
        STORE,
        otel.kind = "client",
        { STORE_SYSTEM } = system,
        { STORE_OPERATION } = step,
        { OUTCOME } = Empty
    )
}

/// The span of one decision of the limiter.
#[must_use]
pub fn limiter_span() -> Span {
    tracing::info_span!(LIMITER, otel.kind = "client", { OUTCOME } = Empty)
}
