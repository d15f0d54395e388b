//! The span of a call, and of a request for a page. The spans beneath it (`store`, `limiter`, `captcha`, `delivery`) begin where their steps do.

use super::names::{HTTP, HTTP_METHOD, HTTP_ROUTE, HTTP_STATUS, REASON, RPC, RPC_METHOD, RPC_STATUS};
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

/// The span of one request for a page, below the caller's. `method` and `route` are words of tables, never as they were
/// sent. The answer's status is recorded as `HTTP_STATUS`.
#[must_use]
pub fn http_span(method: &'static str, route: &'static str, parent: Context) -> Span {
    let span = tracing::info_span!(
        HTTP,
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = Empty,
        { HTTP_METHOD } = method,
        { HTTP_ROUTE } = route,
        { HTTP_STATUS } = Empty
    );
    if !span.is_disabled() {
        // It fails only for a span that has begun, which this one has not.
        let _ = span.set_parent(parent);
    }
    span
}
