//! The message of a call, read before the call takes a place among those that run: whoever never ends its message takes none.

use crate::grpc::{listeners::MAX_MESSAGE, status::Fault};
use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use std::{
    future::poll_fn,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

/// The flag and the length before each message.
const PREFIX: usize = 5;

/// A body whose beginning has been read.
pub(super) struct Message<B: Body<Data = Bytes>> {
    begun: Bytes,
    fault: Option<B::Error>,
    rest: Option<B>,
}

impl<B: Body<Data = Bytes> + Unpin> Message<B> {
    /// One of which nothing has been read yet.
    pub(super) const fn unread(body: B) -> Self {
        Self { begun: Bytes::new(), fault: None, rest: Some(body) }
    }

    /// Reads to the end of the message, to its fault, or until it says that it will be longer than a message may be: that is
    /// refused by who decodes it.
    ///
    /// # Errors
    /// [`Fault::Malformed`] as soon as something comes after the message: a call that is no stream has one.
    pub(super) async fn read(mut body: B) -> Result<Self, Fault> {
        let mut begun = Bytes::new();
        loop {
            match declared(&begun) {
                Some(length) if length > MAX_MESSAGE => return Ok(Self { begun, fault: None, rest: Some(body) }),
                Some(length) if begun.len() - PREFIX > length => return Err(Fault::Malformed),
                _ if body.is_end_stream() => break,
                _ => {}
            }
            match poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        begun = joined(begun, data);
                    }
                }
                Some(Err(fault)) => return Ok(Self { begun, fault: Some(fault), rest: None }),
                None => break,
            }
        }
        Ok(Self { begun, fault: None, rest: None })
    }
}

/// How long the message is that begins so.
fn declared(begun: &[u8]) -> Option<usize> {
    let [_, length @ ..] = begun.first_chunk::<PREFIX>()?;
    usize::try_from(u32::from_be_bytes(*length)).ok()
}

/// Nearly every message comes in one piece, which is not copied.
fn joined(begun: Bytes, data: Bytes) -> Bytes {
    if begun.is_empty() {
        return data;
    }
    let mut both = begun.try_into_mut().unwrap_or_else(|begun| BytesMut::from(&begun[..]));
    both.extend_from_slice(&data);
    both.freeze()
}

/// Nothing of it is pinned but what is unpinned itself.
impl<B: Body<Data = Bytes> + Unpin> Unpin for Message<B> {}

impl<B: Body<Data = Bytes> + Unpin> Body for Message<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.get_mut();
        if !this.begun.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(mem::take(&mut this.begun)))));
        }
        if let Some(fault) = this.fault.take() {
            return Poll::Ready(Some(Err(fault)));
        }
        this.rest.as_mut().map_or(Poll::Ready(None), |rest| Pin::new(rest).poll_frame(cx))
    }

    fn is_end_stream(&self) -> bool {
        self.begun.is_empty() && self.fault.is_none() && self.rest.as_ref().is_none_or(B::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let begun = u64::try_from(self.begun.len()).unwrap_or(u64::MAX);
        self.rest.as_ref().map_or_else(|| SizeHint::with_exact(begun), |_| SizeHint::default())
    }
}
