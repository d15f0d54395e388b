//! The outbox worker and the words of its messages.

mod backoff;
mod chain;
mod courier;
mod desk;
mod handoff;
mod mailbox;
mod messengers;
mod notices;
mod receipts;
mod seal;
mod suppressed;
mod suppressions;
mod words;
mod worker;

pub use crate::ports::{
    receipts::{BadPost, Post},
    store::DeliveryOf,
};
pub use chain::{Chain, Letter, Provider, ProviderReport};
pub use courier::LEASE_MARGIN;
pub use desk::{ChangeDrain, DRAIN_POLL, DeliveryDesk, DeskParts, ProviderView};
pub use handoff::{Handoff, Place};
pub use mailbox::{MailboxFault, MailboxMessage, MailboxReader};
pub use messengers::{Messengers, SmsRoute};
pub use receipts::{Counted, NotTaken, ReceiptDesk, ReceiptParts, ReceiptSource};
pub use seal::sealed_message;
pub use suppressed::{SUPPRESSION_POLL, SuppressedAddresses};
pub use suppressions::LiftSuppression;
pub use words::{Preview, PreviewKind, TemplateFault, TemplateFile, TemplateProblem, Templates};
pub use worker::{Worker, WorkerOptions, WorkerParts};
