//! One request and its answer, as the seat of their connection sees them: a call is under way once its message is whole, and until its
//! answer has begun; what its caller does not take of the answer is counted.

use super::place::Place;
use crate::{edge::KeptOpen, grpc};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Version, header};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

/// How many header fields a request may have: what one costs is more than what it takes on the wire, where HTTP/2 compresses it.
const MAX_FIELDS: usize = 100;

/// The answer to a request with more, or `None`. A call is told in its own words: clients of gRPC understand no status of HTTP.
pub(super) fn too_many_fields<R, B: Default>(request: &Request<R>) -> Option<Response<B>> {
    (request.headers().len() > MAX_FIELDS).then(|| {
        grpc::too_many_headers(request).unwrap_or_else(|| {
            let mut answer = Response::default();
            *answer.status_mut() = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
            answer
        })
    })
}

/// A call on its way to its answer. Whoever never ends its message never has one.
pub(super) struct UnderWay {
    place: Arc<Place>,
    whole: AtomicBool,
}

impl UnderWay {
    pub(super) fn new(place: &Arc<Place>) -> Self {
        Self { place: Arc::clone(place), whole: AtomicBool::default() }
    }

    /// Whether the message is whole.
    fn is_whole(&self) -> bool {
        self.whole.load(Ordering::Relaxed)
    }

    /// The message is whole.
    pub(super) fn begin(&self) {
        if !self.whole.swap(true, Ordering::Relaxed) {
            self.place.begin();
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if *self.whole.get_mut() {
            self.place.end();
        }
    }
}

/// Says that the connection ends with this answer, where HTTP/1.1 leaves no other way: what was not read of the message stands where
/// the next request would (RFC 9112 section 9.6). A caller that is not told sends its next request into a closed connection.
pub(super) fn last_where_unread<B>(answer: &mut Response<B>, version: Version, call: &UnderWay) {
    if version < Version::HTTP_2 && !call.is_whole() {
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
}

/// The message of a request.
pub(in crate::app) struct Message {
    body: Incoming,
    call: Option<Arc<UnderWay>>,
}

impl Message {
    pub(super) fn new(body: Incoming, call: &Arc<UnderWay>) -> Self {
        let mut message = Self { body, call: Some(Arc::clone(call)) };
        message.look(false);
        message
    }

    fn look(&mut self, ended: bool) {
        if (ended || self.body.is_end_stream())
            && let Some(call) = self.call.take()
        {
            call.begin();
        }
    }
}

impl Body for Message {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        self.look(matches!(frame, Poll::Ready(None)));
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer, until its caller has taken it or is gone.
pub(super) struct Answer<B> {
    body: B,
    _untaken: Option<Untaken>,
}

impl<B: Body> Answer<B> {
    /// Counts an answer with the others of its place. One that is kept open is no debt of its caller's.
    pub(super) fn of(answer: Response<B>, place: &Arc<Place>) -> Response<Self> {
        let is_whole = answer.extensions().get::<KeptOpen>().is_none();
        answer.map(|body| {
            let untaken = (is_whole && !body.is_end_stream()).then(|| Untaken::new(place));
            Self { body, _untaken: untaken }
        })
    }
}

impl<B: Body + Unpin> Body for Answer<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

struct Untaken {
    place: Arc<Place>,
    span: usize,
}

impl Untaken {
    fn new(place: &Arc<Place>) -> Self {
        Self { place: Arc::clone(place), span: place.owe() }
    }
}

impl Drop for Untaken {
    fn drop(&mut self) {
        self.place.settle(self.span);
    }
}
