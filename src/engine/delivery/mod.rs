//! The outbox worker and the words of its messages.

mod backoff;
mod courier;
mod mailbox;
mod seal;
mod wake_up;
mod words;
mod worker;

pub use mailbox::{MailboxFault, MailboxMessage, MailboxReader};
pub use seal::sealed_message;
pub use wake_up::WakeUp;
pub use words::TemplateFault;
pub use worker::{Worker, WorkerOptions, WorkerParts};
