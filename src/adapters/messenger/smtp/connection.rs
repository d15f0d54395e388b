//! One connection to the relay, and the dialogue on it.

use super::{
    encrypted::Encrypted,
    lockstep::Lockstep,
    reply::{Stage, meaning},
};
use crate::domain::message::Handover;
use lettre::{
    Address, Message,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, AsyncTokioStream, TlsParameters},
        commands::{Data, Ehlo, Mail, Quit, Rcpt, Rset},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
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
    state: State,
    /// The relay takes commands before it has answered the ones before them (RFC 2920).
    pipelining: bool,
}

/// Where the dialogue stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// The last message was accepted: the next may follow.
    Clean,
    /// A message was refused, and every command has had its answer: after a reset the next may follow.
    InStep,
    /// The relay was gone before it could have got the message.
    Gone,
    /// Anything else, such as a message that may have been taken without an answer: nothing may follow.
    OutOfStep,
}

impl Connection {
    /// Connects, encrypts and logs in.
    pub(super) async fn open(dial: &Dial) -> Result<Self, Handover> {
        let Ok(stream) = TcpStream::connect((dial.host.as_str(), dial.port)).await else {
            return Err(Handover::Deferred { reason: "PROVIDER_UNREACHABLE" });
        };
        let connected = Self::connect(dial, stream).await;
        let mut smtp = connected.map_err(|error| meaning(Stage::Connect, &error))?;
        if let Encryption::StartTls(tls) = &dial.encryption {
            if !smtp.can_starttls() {
                return Err(Handover::Misconfigured { reason: "STARTTLS_MISSING" });
            }
            smtp.starttls(tls.clone(), &dial.hello_name).await.map_err(|error| meaning(Stage::Connect, &error))?;
        }
        // What was said before TLS is forgotten, and lettre does not keep whether this is offered.
        let offered = smtp.command(Ehlo::new(dial.hello_name.clone())).await;
        let offered = offered.map_err(|error| meaning(Stage::Connect, &error))?;
        let pipelining = offered.message().any(|line| line.eq_ignore_ascii_case("PIPELINING"));
        if let Some(credentials) = &dial.credentials {
            smtp.auth(DEFAULT_MECHANISMS, credentials).await.map_err(|error| meaning(Stage::Login, &error))?;
        }
        Ok(Self { smtp, state: State::Clean, pipelining })
    }

    async fn connect(dial: &Dial, stream: TcpStream) -> Result<AsyncSmtpConnection, Error> {
        let stream = Lockstep::new(stream, matches!(dial.encryption, Encryption::StartTls(_)));
        let stream: Box<dyn AsyncTokioStream> = match &dial.encryption {
            Encryption::Implicit(tls) => Box::new(Encrypted::new(stream, tls.clone()).await?),
            Encryption::None | Encryption::StartTls(_) => Box::new(stream),
        };
        AsyncSmtpConnection::connect_with_transport(stream, &dial.hello_name).await
    }

    /// Whether the relay still answers; it forgets what was begun.
    pub(super) async fn answers(&mut self) -> bool {
        timeout(CHECK_LIMIT, self.smtp.command(Rset)).await.is_ok_and(|answer| answer.is_ok())
    }

    /// Whether another message may follow on this connection.
    pub(super) const fn is_in_step(&self) -> bool {
        matches!(self.state, State::Clean | State::InStep)
    }

    /// Whether it may follow at once, without a reset before it.
    pub(super) const fn is_clean(&self) -> bool {
        matches!(self.state, State::Clean)
    }

    /// Whether the relay was gone before it could have got the last message: another connection may carry it.
    pub(super) const fn was_gone(&self) -> bool {
        matches!(self.state, State::Gone)
    }

    /// Takes leave, so that the relay does not log a lost connection.
    pub(super) async fn quit(mut self) {
        let _ = timeout(CHECK_LIMIT, self.smtp.command(Quit)).await;
    }

    /// Sends one message, and notes in `under_way` when the relay may have it. Dropped before its end, it leaves the
    /// connection out of step.
    pub(super) async fn send(&mut self, sender: &Address, message: &Message, under_way: &AtomicBool) -> Handover {
        self.state = State::OutOfStep;
        match self.dialogue(sender, message, under_way).await {
            Ok(()) => {
                self.state = State::Clean;
                Handover::Accepted { provider_message_id: String::new() }
            }
            Err(handover) => handover,
        }
    }

    async fn dialogue(&mut self, sender: &Address, message: &Message, under_way: &AtomicBool) -> Result<(), Handover> {
        let content = content(message.formatted());
        let mut parameters = Vec::new();
        if !message.envelope().to().iter().all(|address| AsRef::<str>::as_ref(address).is_ascii()) {
            if !self.smtp.server_info().supports_feature(Extension::SmtpUtfEight) {
                self.state = State::InStep;
                return Err(Handover::Refused { reason: "ADDRESS_NOT_SUPPORTED" });
            }
            // A relay that takes SMTPUTF8 takes 8BITMIME too (RFC 6531 section 3.1).
            parameters.extend([MailParameter::SmtpUtfEight, MailParameter::Body(MailBodyParameter::EightBitMime)]);
        }
        let sender = Mail::new(Some(sender.clone()), parameters);
        let recipients = message.envelope().to().iter().map(|recipient| Rcpt::new(recipient.clone(), Vec::new()));
        if self.pipelining {
            self.announce(&sender, recipients.collect()).await?;
        } else {
            self.command(Stage::Sender, sender).await?;
            for recipient in recipients {
                self.command(Stage::Recipient, recipient).await?;
            }
            self.command(Stage::Message, Data).await?;
        }
        under_way.store(true, Ordering::Relaxed);
        let answer = self.smtp.command(content).await;
        let told = self.judge(Stage::Message, answer);
        if self.was_gone() {
            // It may have got the message before.
            self.state = State::OutOfStep;
            return Err(Handover::Unanswered { reason: "ANSWER_LOST" });
        }
        told
    }

    /// Sends everything up to DATA at once and reads the answers one after another: one round trip instead of three.
    async fn announce(&mut self, sender: &Mail, recipients: Vec<Rcpt>) -> Result<(), Handover> {
        let group: String = recipients.iter().map(ToString::to_string).collect();
        let mut refused = None;
        let mut first = Some(self.smtp.command(format!("{sender}{group}{Data}")).await);
        let stages = [Stage::Sender].into_iter().chain(recipients.iter().map(|_| Stage::Recipient));
        for stage in stages.chain([Stage::Message]) {
            let answer = match first.take() {
                Some(answer) => answer,
                None => self.smtp.read_response().await,
            };
            let lost = answer.as_ref().is_err_and(|error| error.status().is_none());
            let told = self.judge(stage, answer);
            if lost {
                // The first refusal tells why, if there was one; no further answer will come.
                return refused.map_or(told, Err);
            }
            if refused.is_some() && told.is_ok() {
                // The relay waits for a message that nobody is to get: to hang up is the way out.
                self.state = State::OutOfStep;
            }
            refused = refused.or(told.err());
        }
        refused.map_or(Ok(()), Err)
    }

    async fn command(&mut self, stage: Stage, command: impl std::fmt::Display) -> Result<(), Handover> {
        let answer = self.smtp.command(command).await;
        self.judge(stage, answer)
    }

    fn judge<T>(&mut self, stage: Stage, answer: Result<T, Error>) -> Result<(), Handover> {
        let Err(error) = answer else { return Ok(()) };
        // A refusal ends the dialogue in step; 421 announces the end of the connection (RFC 5321 section 3.8).
        self.state = match error.status().map(u16::from) {
            None => State::Gone,
            Some(421) => State::OutOfStep,
            Some(_) => State::InStep,
        };
        Err(meaning(stage, &error))
    }
}

/// A message as it follows DATA, with its end (RFC 5321 section 4.5.2).
///
/// lettre writes the end apart from the message. Then the kernel holds the end back until the message is acknowledged
/// (Nagle's algorithm), and the relay's kernel holds that back for 40 ms, as nothing is to be answered yet.
fn content(message: Vec<u8>) -> String {
    // What the builder of messages makes is text.
    let mut content =
        String::from_utf8(message).unwrap_or_else(|other| String::from_utf8_lossy(other.as_bytes()).into_owned());
    if content.starts_with('.') || content.contains("\r\n.") {
        content = content.replace("\r\n.", "\r\n..");
        if content.starts_with('.') {
            content.insert(0, '.');
        }
    }
    content.push_str(if content.ends_with("\r\n") { ".\r\n" } else { "\r\n.\r\n" });
    content
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_begin_with_a_dot_get_another() {
        for (message, sent) in
            [("a\r\n.\r\n..b\r\n", "a\r\n..\r\n...b\r\n.\r\n"), (".a\r\nb.", "..a\r\nb.\r\n.\r\n"), ("", "\r\n.\r\n")]
        {
            assert_eq!(content(message.as_bytes().to_vec()), sent);
        }
    }
}
