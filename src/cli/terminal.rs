//! What a person reads who runs a command.

use std::io::{self, Write as _};

/// An answer, on standard output.
pub(super) fn say(text: &str) {
    // Whoever closed the pipe has read enough.
    let _ = writeln!(io::stdout().lock(), "{}", text.trim_end());
}

/// Each line of a complaint, on standard error.
pub(super) fn complain(text: &str) {
    let mut stderr = io::stderr().lock();
    for line in text.lines() {
        let _ = writeln!(stderr, "identity: {line}");
    }
}

/// A text as it is, on standard error.
pub(super) fn write(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", text.trim_end());
}
