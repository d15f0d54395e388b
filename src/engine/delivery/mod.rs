//! The outbox worker and the words of its messages.

mod mailbox;
mod seal;
mod wake_up;

pub use mailbox::{MailboxFault, MailboxMessage, MailboxReader};
pub use seal::sealed_message;
pub use wake_up::WakeUp;
