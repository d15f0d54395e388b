//! Accepts connections and speaks HTTP on them, each step within a time of its own.
//!
//! hyper and tonic leave holes here that this module closes: no time-out before the first byte (hyperium/hyper#3756),
//! a graceful shutdown that a silent peer can hold up (hyperium/hyper#4170), no end to what is accepted.

mod calls;
mod connection;
mod exchange;
mod place;
mod preface;
mod seats;
mod stream;
mod tls;

pub use tls::{BadTlsIdentity, Certificate, TlsIdentity};

pub(super) use connection::Settings;

use exchange::Message;
use http::{Request, Response};
use http_body::Body;
use hyper::service::Service;
use place::Leave;
use seats::Seats;
use std::{convert::Infallible, error::Error, future::Future, io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    time::Instant,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long to wait after the system refused a connection for want of files or memory.
const BREATH: Duration = Duration::from_millis(100);

/// How long to wait where another makes room, which it does at once.
const ROOM: Duration = Duration::from_millis(10);

/// How long to be silent after it was told that the system refuses connections: under a flood it does so for each.
const SILENCE: Duration = Duration::from_secs(10);

/// How often within the patience for them answers are looked at that nobody takes.
const COLLECTIONS: u32 = 4;

/// A bound listener.
pub(super) struct Door {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    settings: Arc<Settings>,
}

impl Door {
    /// Binds `address`; port 0 takes a free one.
    pub(super) async fn open(
        address: SocketAddr,
        tls: Option<TlsAcceptor>,
        settings: Arc<Settings>,
    ) -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(address).await?, tls, settings })
    }

    /// The address that was bound.
    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop`, then lets running calls end within the drain time-out, and returns. `service_for` gives
    /// the service of one connection, told its peer.
    pub(super) async fn serve<M, S, B>(self, service_for: M, stop: CancellationToken)
    where
        M: Fn(SocketAddr) -> S,
        S: Service<Request<Message>, Response = Response<B>, Error = Infallible> + Send + 'static,
        S::Future: Send + 'static,
        B: Body + Default + Send + Unpin + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let Settings { max_connections, max_untaken_answers, handshake_timeout, .. } = *self.settings;
        let seats = Seats::new(max_connections, handshake_timeout, max_untaken_answers);
        tokio::select! {
            () = self.seat_all(&seats, service_for, stop) => {}
            () = collect(&seats, handshake_timeout / COLLECTIONS) => {}
        }
    }

    async fn seat_all<M, S, B>(self, seats: &Arc<Seats>, service_for: M, stop: CancellationToken)
    where
        M: Fn(SocketAddr) -> S,
        S: Service<Request<Message>, Response = Response<B>, Error = Infallible> + Send + 'static,
        S::Future: Send + 'static,
        B: Body + Default + Send + Unpin + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let connections = TaskTracker::new();
        // Whoever is told to go comes back at once: by then nobody is to be let in whom nobody would serve.
        let closed = CancellationToken::new();
        let closing = closed.clone().drop_guard();
        let mut told = None;
        while let Some((stream, peer)) = self.next(seats, &mut told, &stop).await {
            let leave = Leave::with(&closed);
            // Refusing at once tells a caller more than a queue in which nobody is served.
            let Some(seat) = seats.take(leave.clone()) else { continue };
            let converse = connection::converse(
                stream,
                self.tls.clone(),
                Arc::clone(&self.settings),
                seat.knowing(service_for(peer)),
                leave,
            );
            connections.spawn(async move {
                converse.await;
                drop(seat);
            });
        }
        drop(self.listener);
        drop(closing);
        connections.close();
        connections.wait().await;
    }

    /// The next connection; `None` once it is time to stop. `told` is when the log was told last of connections that the system
    /// refuses.
    async fn next(
        &self,
        seats: &Seats,
        told: &mut Option<Instant>,
        stop: &CancellationToken,
    ) -> Option<(TcpStream, SocketAddr)> {
        loop {
            let accepted = until(stop, self.listener.accept()).await?;
            match accepted {
                Ok((stream, peer)) => {
                    // A socket that cannot be told so is served all the same, a little slower.
                    let _ = stream.set_nodelay(true);
                    return Some((stream, peer));
                }
                Err(error) if of_one_connection(&error) => {}
                Err(error) => {
                    if told.is_none_or(|told| told.elapsed() > SILENCE) {
                        *told = Some(Instant::now());
                        tracing::warn!(
                            %error,
                            "no connection can be accepted, and those that do nothing make room; let the process open more \
                             files (ulimit -n, LimitNOFILE=) than the listeners' max_connections"
                        );
                    }
                    let pause = if seats.make_room() { ROOM } else { BREATH };
                    until(stop, tokio::time::sleep(pause)).await?;
                }
            }
        }
    }
}

async fn collect(seats: &Seats, pause: Duration) {
    loop {
        tokio::time::sleep(pause).await;
        seats.collect();
    }
}

async fn until<F: Future>(stop: &CancellationToken, work: F) -> Option<F::Output> {
    tokio::select! {
        biased;
        () = stop.cancelled() => None,
        output = work => Some(output),
    }
}

/// Whether an error of `accept` is about a caller who has gone, and not about this machine.
fn of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}

#[cfg(test)]
mod tests;
