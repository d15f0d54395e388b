//! What the page of the development mailbox shows.

pub use crate::{domain::message::MailboxMessage, ports::mailbox::MailboxFault};

use crate::ports::mailbox::Mailbox;
use std::sync::Arc;

/// Reads the mailbox of development.
#[derive(Clone)]
pub struct MailboxReader {
    mailbox: Arc<dyn Mailbox>,
}

impl MailboxReader {
    /// The most messages that one call gives.
    pub const MAX: usize = 200;

    /// A reader of the mailbox.
    #[must_use]
    pub fn new(mailbox: Arc<dyn Mailbox>) -> Self {
        Self { mailbox }
    }

    /// Up to `limit` messages, at most `MAX`, the newest first.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub async fn newest(&self, limit: usize) -> Result<Vec<MailboxMessage>, MailboxFault> {
        self.mailbox.newest(limit.min(Self::MAX)).await
    }
}
