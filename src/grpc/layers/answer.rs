//! Answers of the transport itself, in the words of the contract.

use crate::{
    edge::words::Accepted,
    grpc::status::{self, Fault},
};
use http::{HeaderMap, HeaderValue, Response};
use tonic::{Code, Status, body::Body};

const DETAILS: &str = "grpc-status-details-bin";
const STATUS: &str = "grpc-status";
const ACCEPTED_ENCODINGS: &str = "grpc-accept-encoding";

/// The code of an answer that consists of a status alone; `None` for one that carries a message.
pub(in crate::grpc) fn code_of(headers: &HeaderMap) -> Option<Code> {
    headers.get(STATUS).map(|code| Code::from_bytes(code.as_bytes()))
}

/// A refusal in the words of the contract and in the caller's language; an answer of another kind as it is.
pub(in crate::grpc) fn in_our_words(answer: Response<Body>, accepted: &Accepted) -> Response<Body> {
    if code_of(answer.headers()).is_none() {
        return answer;
    }
    let answer = instead_of_tonics(answer);
    match answer.extensions().get::<Status>().and_then(|status| status::in_language(status, accepted)) {
        Some(status) => replaced(&answer, status),
        None => answer,
    }
}

/// Replaces tonic's own statuses, which carry no details: what it calls internal is a message that it could not read.
fn instead_of_tonics(answer: Response<Body>) -> Response<Body> {
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
    replaced(&answer, fault.status())
}

/// An answer with another status. Which encodings are taken is no part of the status, and stays.
fn replaced(answer: &Response<Body>, status: Status) -> Response<Body> {
    let mut replaced = status.into_http::<Body>();
    if let Some(encodings) = answer.headers().get(ACCEPTED_ENCODINGS) {
        replaced.headers_mut().insert(ACCEPTED_ENCODINGS, encodings.clone());
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
