//! Free ports on the loopback for programs that cannot pick one themselves.

use std::net::{Ipv4Addr, TcpListener};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the range from which the kernel serves outgoing connections and port 0, so none of those takes it meanwhile.
const FIRST: u16 = 12_000;
const COUNT: u16 = 20_000;

/// A port that is free, and that no other run takes while this value lives: the claim is a name in the kernel's abstract
/// socket namespace, which vanishes with its process.
pub(crate) struct Port {
    number: u16,
    _claim: UnixListener,
}

impl Port {
    /// Claims a free port.
    pub(crate) fn free() -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let spread = u16::try_from(std::process::id() % u32::from(COUNT)).unwrap();
        for _ in 0..COUNT {
            let step = NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
            let number = FIRST + (spread + step) % COUNT;
            let name = SocketAddr::from_abstract_name(format!("identity-tests-port-{number}")).unwrap();
            let Ok(claim) = UnixListener::bind_addr(&name) else { continue };
            if TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
                return Self { number, _claim: claim };
            }
        }
        panic!("no free port between {FIRST} and {}", FIRST + COUNT)
    }

    /// The port's number.
    pub(crate) fn number(&self) -> u16 {
        self.number
    }
}
