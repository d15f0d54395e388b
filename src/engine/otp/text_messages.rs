//! Text messages: what one counts on, and who hears where it is kept back.

use crate::ports::store::Withheld;

/// Tells the operator of a message that was kept back; the caller is told nothing.
pub(super) fn tell(withheld: Withheld) {
    let reason = withheld.stop.as_str();
    if withheld.alarm {
        tracing::error!(reason, "text messages are kept back: a budget is spent, or too many codes go unused");
    } else {
        tracing::debug!(reason, "a text message is kept back");
    }
}
