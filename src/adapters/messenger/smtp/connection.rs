//! One connection to the relay, and the dialogue on it.

use super::{
    lockstep::Lockstep,
    reply::{Stage, meaning},
};
use crate::domain::message::Handover;
use lettre::{
    Address, Message,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail, Quit, Rcpt, Rset},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};
use std::time::Duration;
use tokio::{net::TcpStream, time::timeout};

/// How long a kept connection may take to show that it still answers, and to take leave.
const CHECK_LIMIT: Duration = Duration::from_secs(3);

/// What a connection is made with.
pub(super) struct Dial {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) encryption: Encryption,
    pub(super) hello_name: ClientId,
    pub(super) credentials: Option<Credentials>,
}

/// How the connection is kept private.
pub(super) enum Encryption {
    None,
    StartTls(TlsParameters),
    Implicit(TlsParameters),
}

/// A connection that takes messages.
pub(super) struct Connection {
    smtp: AsyncSmtpConnection,
    /// Every command has had its answer, so that the next answer belongs to the next command.
    in_step: bool,
}

impl Connection {
    /// Connects, encrypts and logs in.
    pub(super) async fn open(dial: &Dial) -> Result<Self, Handover> {
        let connected = match &dial.encryption {
            Encryption::Implicit(tls) => Self::connect(dial, Some(tls.clone())).await,
            Encryption::None => Self::connect(dial, None).await,
            Encryption::StartTls(_) => {
                let Ok(stream) = TcpStream::connect((dial.host.as_str(), dial.port)).await else {
                    return Err(Handover::Deferred { reason: "PROVIDER_UNREACHABLE" });
                };
                AsyncSmtpConnection::connect_with_transport(Box::new(Lockstep::new(stream)), &dial.hello_name).await
            }
        };
        let mut smtp = connected.map_err(|error| meaning(Stage::Connect, &error))?;
        if let Encryption::StartTls(tls) = &dial.encryption {
            if !smtp.can_starttls() {
                return Err(Handover::Misconfigured { reason: "STARTTLS_MISSING" });
            }
            smtp.starttls(tls.clone(), &dial.hello_name).await.map_err(|error| meaning(Stage::Connect, &error))?;
        }
        if let Some(credentials) = &dial.credentials {
            smtp.auth(DEFAULT_MECHANISMS, credentials).await.map_err(|error| meaning(Stage::Login, &error))?;
        }
        Ok(Self { smtp, in_step: true })
    }

    async fn connect(dial: &Dial, tls: Option<TlsParameters>) -> Result<AsyncSmtpConnection, Error> {
        AsyncSmtpConnection::connect_tokio1((dial.host.as_str(), dial.port), None, &dial.hello_name, tls, None).await
    }

    /// Whether the relay still answers; it forgets what was begun.
    pub(super) async fn answers(&mut self) -> bool {
        timeout(CHECK_LIMIT, self.smtp.command(Rset)).await.is_ok_and(|answer| answer.is_ok())
    }

    /// Whether another message may follow on this connection.
    pub(super) const fn is_in_step(&self) -> bool {
        self.in_step
    }

    /// Takes leave, so that the relay does not log a lost connection.
    pub(super) async fn quit(mut self) {
        let _ = timeout(CHECK_LIMIT, self.smtp.command(Quit)).await;
    }

    /// Sends one message. Dropped before its end, it leaves the connection out of step.
    pub(super) async fn send(&mut self, sender: &Address, message: &Message) -> Handover {
        self.in_step = false;
        match self.dialogue(sender, message).await {
            Ok(()) => Handover::Accepted { provider_message_id: String::new() },
            Err(handover) => handover,
        }
    }

    async fn dialogue(&mut self, sender: &Address, message: &Message) -> Result<(), Handover> {
        let bytes = message.formatted();
        let mut parameters = Vec::new();
        if !message.envelope().to().iter().all(|address| AsRef::<str>::as_ref(address).is_ascii()) {
            if !self.smtp.server_info().supports_feature(Extension::SmtpUtfEight) {
                self.in_step = true;
                return Err(Handover::Refused { reason: "ADDRESS_NOT_SUPPORTED" });
            }
            // A relay that takes SMTPUTF8 takes 8BITMIME too (RFC 6531 section 3.1).
            parameters.extend([MailParameter::SmtpUtfEight, MailParameter::Body(MailBodyParameter::EightBitMime)]);
        }
        self.command(Stage::Sender, Mail::new(Some(sender.clone()), parameters)).await?;
        for recipient in message.envelope().to() {
            self.command(Stage::Recipient, Rcpt::new(recipient.clone(), Vec::new())).await?;
        }
        self.command(Stage::Message, Data).await?;
        self.command(Stage::Message, Content(&bytes)).await?;
        self.in_step = true;
        Ok(())
    }

    async fn command(&mut self, stage: Stage, command: impl std::fmt::Display) -> Result<(), Handover> {
        let answer = self.smtp.command(command).await;
        self.judge(stage, answer)
    }

    fn judge<T>(&mut self, stage: Stage, answer: Result<T, Error>) -> Result<(), Handover> {
        let Err(error) = answer else { return Ok(()) };
        // A refusal ends the dialogue in step; 421 announces the end of the connection (RFC 5321 section 3.8).
        self.in_step = error.status().is_some_and(|code| u16::from(code) != 421);
        Err(meaning(stage, &error))
    }
}

/// A message as it follows DATA, with its end (RFC 5321 section 4.5.2).
///
/// lettre writes the end apart from the message. Then the kernel holds the end back until the message is acknowledged
/// (Nagle's algorithm), and the relay's kernel holds that back for 40 ms, as nothing is to be answered yet.
struct Content<'a>(&'a [u8]);

impl std::fmt::Display for Content<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What the builder of messages makes is text.
        for line in String::from_utf8_lossy(self.0).split_inclusive("\r\n") {
            if line.starts_with('.') {
                f.write_str(".")?;
            }
            f.write_str(line)?;
        }
        if !self.0.ends_with(b"\r\n") {
            f.write_str("\r\n")?;
        }
        f.write_str(".\r\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_begin_with_a_dot_get_another() {
        for (content, sent) in
            [("a\r\n.\r\n..b\r\n", "a\r\n..\r\n...b\r\n.\r\n"), (".a\r\nb.", "..a\r\nb.\r\n.\r\n"), ("", "\r\n.\r\n")]
        {
            assert_eq!(Content(content.as_bytes()).to_string(), sent);
        }
    }
}
