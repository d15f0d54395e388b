//! What is done about unusual use of an account, in the transaction of what it is about.

use crate::domain::{message::NewMessage, policy::SecurityEvent};

/// What a user is told, unless they have been told of the same kind within the last hour.
#[derive(Clone, Debug)]
pub struct Notice {
    /// The kind.
    pub event: SecurityEvent,
    /// The message; it goes to the user's own address, in the user's own language.
    pub message: NewMessage,
}

/// What is done about an event.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// What the user is told.
    pub notice: Option<Notice>,
    /// Whether every session of the user ends, and no device of theirs is known any more.
    pub revoke: bool,
}
