//! The outbox worker and the words of its messages.

mod backoff;
mod courier;
mod end;
mod handoff;
mod mailbox;
mod messengers;
mod notices;
mod seal;
mod words;
mod worker;

pub use courier::LEASE_MARGIN;
pub use handoff::{Handoff, Place};
pub use mailbox::{MailboxFault, MailboxMessage, MailboxReader};
pub use messengers::{Messengers, SmsRoute};
pub use seal::sealed_message;
pub use words::{Preview, PreviewKind, TemplateFault, TemplateFile, TemplateProblem, Templates};
pub use worker::{Worker, WorkerOptions, WorkerParts};
