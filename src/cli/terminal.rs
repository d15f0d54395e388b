//! What a person reads who runs a command.

use std::{
    io::{self, Write as _},
    sync::mpsc,
    thread,
    time::Duration,
};

/// How long the end of the process waits for whoever reads standard error: they may have stopped.
const PATIENCE: Duration = Duration::from_secs(1);

/// An answer, on standard output.
pub(super) fn say(text: &str) {
    // Whoever closed the pipe has read enough.
    let _ = writeln!(io::stdout().lock(), "{}", text.trim_end());
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
