//! One connection, from its TLS handshake to its end.

use super::{
    calls::{Calls, Together},
    place::Leave,
    preface::{Protocol, recognise},
    stream::Stream,
};
use http::{Request, Response};
use http_body::Body;
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::Service,
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulConnection,
};
use std::{
    convert::Infallible,
    error::Error,
    fmt::Debug,
    future::Future,
    io,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsAcceptor;

/// The most that the headers of one request may take.
const MAX_HEADERS: u32 = 16 * 1024;

/// How much of one call, and of all calls of a connection, may wait to be read.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;

/// How many streams a caller may open and reset before anyone took them up (CVE-2023-44487), and how many we may have
/// to reset for its faults over the connection's whole life (CVE-2025-8671), before the connection is closed.
const MAX_RESETS_BY_CALLER: usize = 20;
const MAX_RESETS_BY_US: usize = 1024;

/// What a listener takes at once and how long it waits.
#[derive(Clone, Debug)]
pub(in crate::app) struct Settings {
    /// Connections at once.
    pub(in crate::app) max_connections: usize,
    /// Calls at once on one connection.
    pub(in crate::app) max_concurrent_streams: u32,
    /// Answers that wait to be taken, of all connections; beyond so many, one with several of them is ended.
    pub(in crate::app) max_untaken_answers: usize,
    /// From the connection to its first bytes in clear, for the headers of each HTTP/1.1 request, and for taking an answer.
    pub(in crate::app) handshake_timeout: Duration,
    /// Silence after which an HTTP/2 caller is asked whether it is still there.
    pub(in crate::app) idle_timeout: Duration,
    /// How long running calls may go on after the signal to stop.
    pub(in crate::app) drain_timeout: Duration,
}

/// How long a connection that makes room may take to say that it goes.
const ROOM: Duration = Duration::from_millis(250);

/// Serves one connection to its end.
pub(super) async fn converse<S, B>(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    settings: Arc<Settings>,
    service: S,
    leave: Leave,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Send + 'static,
    S::Future: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let opening = timeout(settings.handshake_timeout, opened(stream, tls));
    let opened = tokio::select! {
        () = leave.ask.cancelled() => return,
        () = leave.cut.cancelled() => return,
        opened = opening => opened,
    };
    let Ok(Ok((protocol, stream))) = opened else {
        tracing::debug!("a connection ended before its first request");
        return;
    };
    let io = TokioIo::new(stream);
    match protocol {
        Protocol::Http2 => {
            let calls = Calls::default();
            let connection = http2_of(&settings, calls.clone()).serve_connection(io, service);
            drive(Together::new(connection, calls), Together::graceful_shutdown, &leave, settings.drain_timeout).await;
        }
        Protocol::Http1 => {
            let connection = http1_of(&settings).serve_connection(io, service);
            drive(connection, GracefulConnection::graceful_shutdown, &leave, settings.drain_timeout).await;
        }
    }
}

/// The connection behind its handshake, with what it speaks.
async fn opened(stream: TcpStream, tls: Option<TlsAcceptor>) -> io::Result<(Protocol, impl Rewound)> {
    let stream = match tls {
        Some(tls) => Stream::Tls(Box::new(tls.accept(stream).await?)),
        None => Stream::Clear(stream),
    };
    recognise(stream).await
}

/// What hyper reads and writes.
trait Rewound: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static {}

impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static> Rewound for T {}

async fn drive<C, E>(connection: C, shut_down: impl FnOnce(Pin<&mut C>), leave: &Leave, drain: Duration)
where
    C: Future<Output = Result<(), E>>,
    E: Debug,
{
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return tell(&ended),
        () = leave.end.cancelled() => return,
        () = leave.ask.cancelled() => {}
        // Whoever never called, and does not at this moment, has nothing to lose.
        () = leave.cut.cancelled() => if !leave.is_busy() { return },
    }
    shut_down(connection.as_mut());
    let leaving = async {
        loop {
            match timeout(ROOM, connection.as_mut()).await {
                Ok(ended) => return tell(&ended),
                // A call may have begun meanwhile, and its answer is waited for.
                Err(_) if leave.stop.is_cancelled() || leave.is_busy() => {}
                Err(_) => return,
            }
        }
    };
    if timeout(drain, leaving).await.is_err() {
        tracing::warn!("a connection was cut off: its calls did not end within the drain time-out");
    }
}

fn tell<E: Debug>(ended: &Result<(), E>) {
    if let Err(error) = ended {
        tracing::debug!(?error, "a connection broke off");
    }
}

fn http2_of(settings: &Settings, calls: Calls) -> http2::Builder<Calls> {
    let mut builder = http2::Builder::new(calls);
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(settings.max_concurrent_streams)
        .max_pending_accept_reset_streams(MAX_RESETS_BY_CALLER)
        .max_local_error_reset_streams(MAX_RESETS_BY_US)
        .max_header_list_size(MAX_HEADERS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .keep_alive_interval(settings.idle_timeout)
        .keep_alive_timeout(settings.handshake_timeout);
    builder
}

fn http1_of(settings: &Settings) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(settings.handshake_timeout).max_buf_size(MAX_HEADERS as usize);
    builder
}
