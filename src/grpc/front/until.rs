//! A stream that ends when its caller's time is over, for a deadline is for the whole of a call and not for the beginning of its
//! answer, and when the service ends.

use crate::{
    edge::words::Accepted,
    grpc::status::{self, Fault},
};
use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use std::{
    future::{Future, pending},
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tonic::{Status, body::Body};

/// The answer, ended in its trailers with `DEADLINE_EXCEEDED` at `deadline`, and once `over` is cancelled with a status that has
/// the caller come again. What it has to tell by then is told first.
pub(super) fn until(
    answer: Response<Body>,
    deadline: Option<Instant>,
    over: CancellationToken,
    accepted: Accepted,
) -> Response<Body> {
    let end = async move {
        let time = async {
            match deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => pending().await,
            }
        };
        let fault = tokio::select! {
            () = time => Fault::DeadlineExceeded,
            () = over.cancelled() => Fault::Ending,
        };
        let status = fault.status();
        status::in_language(&status, &accepted).unwrap_or(status)
    };
    answer.map(|body| Body::new(Until { body, end: Some(Box::pin(end)) }))
}

struct Until {
    body: Body,
    /// `None` once it is over.
    end: Option<Pin<Box<dyn Future<Output = Status> + Send>>>,
}

impl HttpBody for Until {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let Some(end) = &mut this.end else { return Poll::Ready(None) };
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            return Poll::Ready(frame);
        }
        let status = ready!(end.as_mut().poll(cx));
        this.end = None;
        let mut trailers = HeaderMap::new();
        Poll::Ready(Some(status.add_header(&mut trailers).map(|()| Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.end.is_none() || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
