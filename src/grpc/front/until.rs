//! A stream that ends when its caller's time is over: a deadline is for the whole of a call, not for the beginning of its answer.

use crate::grpc::status::Fault;
use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use std::{
    future::Future as _,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::time::{Instant, Sleep, sleep_until};
use tonic::{Status, body::Body};

/// The answer, ended with `DEADLINE_EXCEEDED` in its trailers at `deadline`.
pub(super) fn until(answer: Response<Body>, deadline: Instant) -> Response<Body> {
    answer.map(|body| Body::new(Until { body, time: Some(Box::pin(sleep_until(deadline))) }))
}

struct Until {
    body: Body,
    /// `None` once it is over.
    time: Option<Pin<Box<Sleep>>>,
}

impl HttpBody for Until {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let Some(time) = &mut this.time else { return Poll::Ready(None) };
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            return Poll::Ready(frame);
        }
        ready!(time.as_mut().poll(cx));
        this.time = None;
        let mut trailers = HeaderMap::new();
        Poll::Ready(Some(
            Fault::DeadlineExceeded.status().add_header(&mut trailers).map(|()| Frame::trailers(trailers)),
        ))
    }

    fn is_end_stream(&self) -> bool {
        self.time.is_none() || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
