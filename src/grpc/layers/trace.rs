//! What a call's span says of its end.

use super::{answer, calls::CODES};
use crate::telemetry::names::{REASON, RPC_STATUS};
use http::HeaderMap;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use tracing::Span;

/// Records how a call ended: its code, and the reason of a refusal.
pub(in crate::grpc) fn record_end(span: &Span, headers: &HeaderMap) {
    if span.is_disabled() {
        return;
    }
    let code = answer::code_of(headers).unwrap_or(Code::Ok);
    span.record(RPC_STATUS, CODES[code as usize]);
    if code == Code::Ok {
        return;
    }
    if let Some(info) = Status::from_header_map(headers).and_then(|status| status.get_details_error_info()) {
        span.record(REASON, info.reason.as_str());
    }
    if is_ours(code) {
        span.record("otel.status_code", "ERROR");
    }
}

/// Whether a code is the service's own fault: refusing a caller is no error of the service.
const fn is_ours(code: Code) -> bool {
    matches!(code, Code::Unknown | Code::DeadlineExceeded | Code::Internal | Code::Unavailable | Code::DataLoss)
}
