//! Providers: SMTP, and the mailbox of development.
