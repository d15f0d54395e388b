//! Group L: the surface of gRPC, from raw HTTP/2 up.

mod cancel;
mod floods;
mod keeping;
mod late;
mod messages;
mod ports;
mod raw;
mod reflection;
mod time;
mod unfinished;

use crate::support::server::Server;

/// Asserts that a service still works, has not panicked and takes less memory than `mebibytes`.
async fn is_well(server: &mut Server, mebibytes: u64) {
    assert!(server.client().await.send_otp("well@example.org").await.is_ok());
    assert!(server.process().exited().is_none());
    assert!(!server.log().text().contains("panicked"), "{}", server.log().text());
    let used = resident_mebibytes(server);
    assert!(used < mebibytes, "{used} MiB");
}

/// The resident set of a service.
pub(super) fn resident_mebibytes(server: &mut Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process().child().id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}
