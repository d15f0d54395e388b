//! A caller that sends what no client library would.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Request};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic::Status;

use crate::support::refusal::Refusal;

/// Longer than any answer here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// An HTTP/2 connection.
#[derive(Clone)]
pub(super) struct Raw {
    requests: SendRequest<Bytes>,
}

/// How a call ended: its status, and the headers or trailers that told it.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) refusal: Refusal,
    pub(super) headers: HeaderMap,
}

impl Raw {
    pub(super) async fn connect(address: SocketAddr) -> Self {
        Self::connect_with_window(address, 64 * 1024 - 1).await
    }

    /// A connection on which an answer may have so many bytes before the caller takes them.
    pub(super) async fn connect_with_window(address: SocketAddr, window: u32) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let mut builder = h2::client::Builder::new();
        let (requests, connection) = builder.initial_window_size(window).handshake(stream).await.unwrap();
        tokio::spawn(connection);
        Self { requests }
    }

    /// Opens a call to a method, such as `TokenService/GetJwks`, with further headers.
    pub(super) async fn open(
        &self,
        method: &str,
        headers: &[(&str, &str)],
    ) -> Result<(ResponseFuture, SendStream<Bytes>), h2::Error> {
        self.open_as("application/grpc", method, headers).await
    }

    /// The same of another media type.
    pub(super) async fn open_as(
        &self,
        media_type: &str,
        method: &str,
        headers: &[(&str, &str)],
    ) -> Result<(ResponseFuture, SendStream<Bytes>), h2::Error> {
        self.open_at(media_type, &format!("/identity.v1.{method}"), headers).await
    }

    /// The same of a method that is no part of our contract, at its whole path.
    pub(super) async fn open_at(
        &self,
        media_type: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<(ResponseFuture, SendStream<Bytes>), h2::Error> {
        let mut request = Request::post(format!("http://localhost{path}"))
            .header("content-type", media_type)
            .header("te", "trailers");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut ready = self.requests.clone().ready().await?;
        ready.send_request(request.body(()).unwrap(), false)
    }

    /// Calls a method with this body, whole.
    pub(super) async fn call(&self, method: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Ended {
        let (answer, mut stream) = self.open(method, headers).await.unwrap();
        // The service may answer, and reset what it does not want to read, before the body has been sent.
        let _ = stream.send_data(body.into(), true);
        ended(answer).await
    }
}

/// A message in its frame.
pub(super) fn framed(message: &[u8]) -> Vec<u8> {
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    frame.extend(message);
    frame
}

/// Waits for the end of a call.
pub(super) async fn ended(answer: ResponseFuture) -> Ended {
    answered(answer).await.unwrap()
}

/// The same, of a call that may have been refused before it began.
pub(super) async fn answered(answer: ResponseFuture) -> Result<Ended, h2::Error> {
    timeout(PATIENCE, async {
        let (parts, body) = answer.await?.into_parts();
        let headers = if parts.headers.contains_key("grpc-status") { parts.headers } else { trailers(body).await };
        Ok(Ended { refusal: Refusal::from(Status::from_header_map(&headers).expect("a status")), headers })
    })
    .await
    .expect("an answer in time")
}

async fn trailers(mut body: RecvStream) -> HeaderMap {
    while let Some(data) = body.data().await {
        let data = data.unwrap();
        body.flow_control().release_capacity(data.len()).unwrap();
    }
    body.trailers().await.unwrap().expect("trailers")
}
