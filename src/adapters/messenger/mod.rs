//! Providers: SMTP, and the mailbox of development.

pub mod mailbox;
mod mime;
pub mod smtp;

pub use mime::{NotASender, Sender};
