//! The span of a call. The spans beneath it (`store`, `limiter`, `delivery`) begin where their steps do.

use super::names::{REASON, RPC, RPC_METHOD, RPC_STATUS};
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
