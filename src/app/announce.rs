//! Where the listeners are, told to whoever started the service.

use super::serve::Addresses;
use std::{
    io::{self, Write as _},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
};

/// Where this machine reaches a listener: on its loopback, where it is bound to every address.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => (Ipv4Addr::LOCALHOST, v4.port()).into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => (Ipv6Addr::LOCALHOST, v6.port()).into(),
        other => other,
    }
}

/// The one line on standard output.
pub(super) fn announce(Addresses { grpc, http, admin, metrics }: Addresses) {
    let mut line = serde_json::json!({ "grpc": grpc, "http": http, "admin": admin });
    if let Some(metrics) = metrics {
        line["metrics"] = serde_json::json!(metrics);
    }
    let mut stdout = io::stdout().lock();
    // Whoever does not read it has no use for it.
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}
