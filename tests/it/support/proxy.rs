//! A TCP proxy that fails on demand, between the service and one of its peers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::postgres::Postgres;

/// What happens to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing: bytes pass.
    None,
    /// New connections are closed at once, and open ones are cut.
    Refuse,
    /// Bytes wait for so long, in each direction, before they pass.
    Delay(Duration),
    /// Bytes are taken and go nowhere; connections stay open.
    Swallow,
    /// Each connection is cut once so many bytes came back from the peer.
    CutAfter(u64),
}

/// A running proxy; it ends with the value, and cuts what is open.
pub(crate) struct Proxy {
    address: SocketAddr,
    fault: watch::Sender<Fault>,
    accepted: Arc<AtomicU64>,
    _end: DropGuard,
}

impl Proxy {
    /// A proxy on a free port to `peer` (`127.0.0.1:5432`), without a fault.
    pub(crate) async fn start(peer: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (fault, faults) = watch::channel(Fault::None);
        let accepted = Arc::new(AtomicU64::new(0));
        let end = CancellationToken::new();
        let (counter, ended, peer) = (Arc::clone(&accepted), end.clone(), peer.to_owned());
        tokio::spawn(ended.clone().run_until_cancelled_owned(async move {
            while let Ok((caller, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::Relaxed);
                let connection = carry(caller, peer.clone(), faults.clone());
                tokio::spawn(ended.clone().run_until_cancelled_owned(connection));
            }
        }));
        Self { address, fault, accepted, _end: end.drop_guard() }
    }

    /// The same to the PostgreSQL that tests share.
    pub(crate) async fn to_postgres() -> Self {
        Self::start(&format!("127.0.0.1:{}", Postgres::shared().port())).await
    }

    /// The proxy's own address.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Applies a fault to new and to open connections, until the next call. `Fault::None` resumes.
    pub(crate) fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }

    /// How many connections were made so far.
    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }
}

async fn carry(caller: TcpStream, peer: String, faults: watch::Receiver<Fault>) {
    let mut refusals = faults.clone();
    if *refusals.borrow() == Fault::Refuse {
        return;
    }
    let Ok(peer) = TcpStream::connect(peer).await else { return };
    let _ = (caller.set_nodelay(true), peer.set_nodelay(true));
    let (from_caller, to_caller) = caller.into_split();
    let (from_peer, to_peer) = peer.into_split();
    tokio::select! {
        _ = refusals.wait_for(|fault| *fault == Fault::Refuse) => {}
        () = pump(from_caller, to_peer, faults.clone(), false) => {}
        () = pump(from_peer, to_caller, faults, true) => {}
    }
}

/// Moves bytes one way until either side ends; `answers` is the way on which `CutAfter` counts.
async fn pump(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    faults: watch::Receiver<Fault>,
    answers: bool,
) {
    let mut buffer = vec![0; 16 * 1024];
    let mut passed = 0;
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let fault = *faults.borrow();
        let mut bytes = &buffer[..read];
        match fault {
            Fault::Delay(pause) => tokio::time::sleep(pause).await,
            Fault::Swallow => continue,
            Fault::CutAfter(limit) if answers => {
                let left = usize::try_from(limit.saturating_sub(passed)).unwrap_or(usize::MAX);
                bytes = &bytes[..left.min(read)];
            }
            Fault::None | Fault::Refuse | Fault::CutAfter(_) => {}
        }
        passed += bytes.len() as u64;
        if to.write_all(bytes).await.is_err() || bytes.len() < read {
            return;
        }
    }
}
