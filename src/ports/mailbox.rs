//! Messages that are kept instead of sent, for developers to read.

use crate::domain::message::MailboxMessage;
use async_trait::async_trait;

/// The kept messages cannot be read; the source says why, without their content.
#[derive(Debug, thiserror::Error)]
#[error("the mailbox cannot be read")]
pub struct MailboxFault(#[source] pub std::io::Error);

/// Reads the messages that a development mailbox has taken.
#[async_trait]
pub trait Mailbox: Send + Sync {
    /// Up to `limit` messages, the newest first.
    async fn newest(&self, limit: usize) -> Result<Vec<MailboxMessage>, MailboxFault>;
}
