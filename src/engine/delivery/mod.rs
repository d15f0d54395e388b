//! The outbox worker and the words of its messages.

mod backoff;
mod chain;
mod courier;
mod desk;
mod handoff;
mod mailbox;
mod messengers;
mod notices;
mod seal;
mod words;
mod worker;

pub use crate::ports::store::DeliveryOf;
pub use chain::{Chain, Letter, Provider, ProviderReport};
pub use courier::LEASE_MARGIN;
pub use desk::{ChangeDrain, DRAIN_POLL, DeliveryDesk, DeskParts, ProviderView};
pub use handoff::{Handoff, Place};
pub use mailbox::{MailboxFault, MailboxMessage, MailboxReader};
pub use messengers::{Messengers, SmsRoute};
pub use seal::sealed_message;
pub use words::{Preview, PreviewKind, TemplateFault, TemplateFile, TemplateProblem, Templates};
pub use worker::{Worker, WorkerOptions, WorkerParts};
