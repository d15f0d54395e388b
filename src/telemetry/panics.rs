//! Panics in the log: where, and the words that stand in the code, never words made of values. Each is counted, wherever it
//! is caught.

use super::metrics::PANICS;
use std::panic;

/// Logs and counts panics instead of printing them.
pub(super) fn install() {
    panic::set_hook(Box::new(|info| {
        // A literal message is a `&'static str`; a formatted one is a `String` and may hold anything.
        let message = info.payload().downcast_ref::<&'static str>().copied().unwrap_or("a formatted message");
        let (file, line) = info.location().map_or(("unknown", 0), |location| (location.file(), location.line()));
        PANICS.add();
        tracing::error!(message, file, line, "panicked");
    }));
}
