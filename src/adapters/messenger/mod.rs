//! Providers: SMTP, SendGrid, Twilio, a signed webhook, and the mailbox of development.

mod exchange;
pub mod mailbox;
mod mime;
pub mod sendgrid;
pub mod smtp;
pub mod twilio;
pub mod webhook;

pub use exchange::HttpOptionFault;
pub use mime::{NotASender, Sender};
