//! What a person reads who runs a command.

use crate::{app::Failure, config::problem::because};
use std::{
    io::{self, Write as _},
    sync::mpsc,
    thread,
    time::Duration,
};

/// How long the end of the process waits for whoever reads standard error: they may have stopped.
const PATIENCE: Duration = Duration::from_secs(1);

/// An answer, on standard output.
///
/// # Errors
/// Where it cannot be written, as to a full disk: whoever asked for it does not have it.
pub(super) fn say(text: &str) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    match writeln!(output, "{}", text.trim_end()).and_then(|()| output.flush()) {
        // Whoever closed the pipe has read enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Unavailable(format!("standard output cannot be written: {}", because(&error))))
        }
        _ => Ok(()),
    }
}

/// Each line of a complaint, on standard error. It waits a second at most.
pub(super) fn complain(text: &str) {
    let lines: String = text.lines().flat_map(|line| ["identity: ", line, "\n"]).collect();
    let (told, is_told) = mpsc::channel();
    let telling = thread::Builder::new().spawn(move || {
        let _ = io::stderr().lock().write_all(lines.as_bytes());
        let _ = told.send(());
    });
    if telling.is_ok() {
        let _ = is_told.recv_timeout(PATIENCE);
    }
}

/// A text as it is, on standard error.
pub(super) fn write(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", text.trim_end());
}
