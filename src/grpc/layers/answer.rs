//! Answers of the transport itself, in the words of the contract.

use crate::grpc::status::Fault;
use http::{HeaderMap, HeaderValue, Response};
use tonic::{Code, body::Body};

const DETAILS: &str = "grpc-status-details-bin";
const STATUS: &str = "grpc-status";
const ACCEPTED_ENCODINGS: &str = "grpc-accept-encoding";

/// The code of an answer that consists of a status alone; `None` for one that carries a message.
pub(in crate::grpc) fn code_of(headers: &HeaderMap) -> Option<Code> {
    headers.get(STATUS).map(|code| Code::from_bytes(code.as_bytes()))
}

/// Replaces tonic's own statuses, which carry no details: what it calls internal is a message that it could not read.
pub(in crate::grpc) fn in_our_words(answer: Response<Body>) -> Response<Body> {
    let headers = answer.headers();
    if headers.contains_key(DETAILS) {
        return answer;
    }
    let fault = match code_of(headers) {
        Some(Code::OutOfRange | Code::ResourceExhausted) => Fault::MessageTooLarge,
        Some(Code::Internal | Code::Unknown | Code::Cancelled | Code::InvalidArgument) => Fault::Malformed,
        Some(Code::Unimplemented) if headers.contains_key(ACCEPTED_ENCODINGS) => Fault::Compressed,
        Some(Code::Unimplemented) => Fault::MethodNotFound,
        _ => return answer,
    };
    let accepted = headers.get(ACCEPTED_ENCODINGS).cloned();
    let mut replaced = of(fault);
    if let Some(accepted) = accepted {
        replaced.headers_mut().insert(ACCEPTED_ENCODINGS, accepted);
    }
    replaced
}

/// The answer to a call that ends in a fault of the transport.
pub(in crate::grpc) fn of(fault: Fault) -> Response<Body> {
    fault.status().into_http()
}

/// An answer to something that is not a call at all.
pub(in crate::grpc) fn not_a_call(status: http::StatusCode, text: &'static str) -> Response<Body> {
    let mut answer = Response::new(Body::new(http_body_util::Full::from(text)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}
