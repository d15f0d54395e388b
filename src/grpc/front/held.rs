//! Streams that others keep open for as long as they like: reflection, and the watching of health.

use bytes::Bytes;
use http::Response;
use http_body::{Body as HttpBody, Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll},
};
use tokio::sync::OwnedSemaphorePermit;
use tonic::{Status, body::Body};

/// How many such streams a listener has open at once: a stream that nobody ends costs some 30 KiB.
pub(super) const MOST: usize = 512;

/// Whether a method answers with such a stream. Calls of people are not among them: those have places of their own.
pub(super) fn is_kept_open(path: &str) -> bool {
    asks_on(path) || path == "/grpc.health.v1.Health/Watch"
}

/// Whether a method takes a stream too, whose messages are read as they come. The others have one, which is read before they begin.
pub(super) fn asks_on(path: &str) -> bool {
    path.starts_with("/grpc.reflection.")
}

/// Whether a method answers with a stream that goes on: those, and the watching of a challenge.
pub(super) fn goes_on(path: &str) -> bool {
    is_kept_open(path) || path == "/identity.v1.IdentityService/WatchChallenge"
}

/// The answer, whose place is free again when its body has ended.
pub(super) fn held(answer: Response<Body>, place: OwnedSemaphorePermit) -> Response<Body> {
    answer.map(|body| Body::new(Held { body, _place: place }))
}

struct Held {
    body: Body,
    _place: OwnedSemaphorePermit,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grpc::proto::FILE_DESCRIPTOR_SET;
    use prost::Message as _;

    #[test]
    fn every_stream_of_the_contract_goes_on_and_nothing_else_does() {
        let set = prost_types::FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
        let mut streams = 0;
        for file in &set.file {
            for service in &file.service {
                for method in &service.method {
                    let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                    assert_eq!(goes_on(&path), method.server_streaming(), "{path}");
                    streams += usize::from(method.server_streaming());
                }
            }
        }
        assert!(streams > 0);
        assert!(goes_on("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"));
    }
}
