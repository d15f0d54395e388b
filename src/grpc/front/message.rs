//! The message of a call, read before the call takes a place among those that run: whoever never ends its message takes none.

use crate::grpc::listeners::MAX_MESSAGE;
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

    /// Reads to the end of the message, to its fault, or until it is longer than a message may be or says that it will be:
    /// that is refused by who decodes it.
    pub(super) async fn read(mut body: B) -> Self {
        let mut begun = Bytes::new();
        while !body.is_end_stream() && !is_too_long(&begun) {
            match poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        begun = joined(begun, data);
                    }
                }
                Some(Err(fault)) => return Self { begun, fault: Some(fault), rest: None },
                None => return Self { begun, fault: None, rest: None },
            }
        }
        let rest = (!body.is_end_stream()).then_some(body);
        Self { begun, fault: None, rest }
    }
}

fn is_too_long(begun: &[u8]) -> bool {
    let declared = match begun {
        [_, a, b, c, d, ..] => u32::from_be_bytes([*a, *b, *c, *d]),
        _ => 0,
    };
    begun.len() > PREFIX + MAX_MESSAGE || usize::try_from(declared).is_ok_and(|declared| declared > MAX_MESSAGE)
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
