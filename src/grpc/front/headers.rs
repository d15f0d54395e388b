//! A call with more header fields than a request may have: it is refused before anything else is looked at.

use super::{Kind, kind};
use crate::{
    edge::words::Accepted,
    grpc::{
        layers::{answer, calls, methods},
        status::Fault,
    },
};
use http::{HeaderValue, Method, Request, Response, header};

/// The answer to a call with too many header fields, which has no body; `None` where the request is no call.
pub fn too_many_headers<R, B: Default>(request: &Request<R>) -> Option<Response<B>> {
    let kind = kind(request);
    if request.method() != Method::POST || !matches!(kind, Kind::Call | Kind::FromThePage) {
        return None;
    }
    let mut answer = answer::in_our_words(answer::of(Fault::TooManyHeaders), &Accepted::of(request.headers()));
    if matches!(kind, Kind::FromThePage) {
        let media_type = HeaderValue::from_static("application/grpc-web+proto");
        answer.headers_mut().insert(header::CONTENT_TYPE, media_type);
    }
    calls::count(methods::place(request.uri().path()), answer.headers());
    Some(answer.map(|_| B::default()))
}
