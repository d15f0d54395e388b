//! How many calls there were, by method and code.

use super::methods;
use crate::telemetry::{
    metrics::{About, Counter},
    names::{RPC_CALLS, RPC_METHOD, RPC_STATUS},
};
use http::HeaderMap;
use tonic::Code;

/// Codes of gRPC, by their numbers.
pub(in crate::grpc) const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// Answered calls.
pub static CALLS: Counter<{ methods::NAMES.len() }, { CODES.len() }> = Counter::new(
    About { name: RPC_CALLS, unit: "{call}", description: "Answered calls, by method and canonical code." },
    [RPC_METHOD, RPC_STATUS],
    methods::NAMES,
    CODES,
);

/// Counts a call of the method at `method`, which ended with `headers`.
pub(in crate::grpc) fn count(method: usize, headers: &HeaderMap) {
    CALLS.add(method, super::answer::code_of(headers).unwrap_or(Code::Ok) as usize);
}
