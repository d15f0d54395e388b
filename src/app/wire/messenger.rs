//! Who carries messages.

use crate::{
    adapters::messenger::{
        Sender,
        mailbox::MailboxFolder,
        smtp::{Login, Security, Smtp, SmtpOptions},
    },
    app::Failure,
    config::{
        Config,
        delivery::{self, Delivery, SmtpTls},
        problem::Problem,
        sms::{Sms, SmsProvider},
    },
    domain::{contact::EmailAddress, secret::SecretString},
    engine::delivery::{Messengers, SmsRoute},
    ports::{mailbox::Mailbox, messenger::Messenger},
};
use std::{path::Path, sync::Arc};

/// The sender of messages that stay on this machine: a domain that cannot exist (RFC 2606).
const MAILBOX_SENDER: &str = "no-reply@identity.example";

/// Who carries messages, and where a developer reads them.
pub(in crate::app) struct Carrier {
    /// Who carries them.
    pub(in crate::app) messengers: Messengers,
    /// The mailbox of development, where it is chosen for a channel.
    pub(in crate::app) mailbox: Option<Arc<dyn Mailbox>>,
}

/// What the mail server asks for.
#[derive(Default)]
pub(in crate::app) struct MailSecrets {
    /// The account's password.
    pub(in crate::app) password: Option<SecretString>,
    /// The authorities that may sign its certificate, in PEM.
    pub(in crate::app) authorities: Option<Vec<u8>>,
}

impl Carrier {
    /// Makes it. Nothing is connected yet.
    ///
    /// # Errors
    /// Where the mailbox's folder cannot be made, or the options for the mail server do not hold.
    pub(in crate::app) fn build(config: &Config, secrets: MailSecrets) -> Result<Self, Failure> {
        let mut mailbox = None;
        let email: Arc<dyn Messenger> = match &config.delivery {
            Delivery::Mailbox { directory } => open(directory, "delivery.mailbox.directory", &mut mailbox)?,
            Delivery::Smtp(smtp) => Arc::new(Smtp::new(options(config, smtp, secrets)?).map_err(|fault| {
                Problem::of_file(&config.file, "delivery.smtp", fault.to_string(), "mend this section")
            })?),
        };
        let sms = match &config.sms {
            Some(Sms { provider: SmsProvider::Mailbox { directory }, domain }) => Some(SmsRoute {
                messenger: open(directory, "delivery.sms.mailbox.directory", &mut mailbox)?,
                domain: domain.clone().unwrap_or_default(),
            }),
            None => None,
        };
        let mailbox = mailbox.map(|folder| folder as Arc<dyn Mailbox>);
        Ok(Self { messengers: Messengers { email, sms }, mailbox })
    }
}

/// Opens the mailbox, which is one for all channels.
fn open(directory: &Path, key: &str, opened: &mut Option<Arc<MailboxFolder>>) -> Result<Arc<MailboxFolder>, Failure> {
    if let Some(folder) = opened {
        return Ok(folder.clone());
    }
    let folder = MailboxFolder::open(directory.to_owned(), mailbox_sender()?).map_err(|error| {
        let what = format!("cannot be made: {}", error.kind());
        Problem::of_file(directory, key, what, "name a folder that this user can write")
    })?;
    Ok(opened.insert(Arc::new(folder)).clone())
}

/// The options for the mail server.
fn options(config: &Config, smtp: &delivery::Smtp, secrets: MailSecrets) -> Result<SmtpOptions, Failure> {
    let security = match smtp.tls {
        SmtpTls::Implicit => Security::Tls,
        SmtpTls::StartTls => Security::StartTls,
        SmtpTls::DisableOnLoopback => Security::PlainOnLoopback,
        SmtpTls::DisableOnTrustedNetwork => Security::PlainAnywhere,
    };
    let username = smtp.account.as_ref().map(|(user, _)| user.clone());
    let sender = Sender::new(&smtp.from, &smtp.from_name)
        .map_err(|fault| Problem::of_file(&config.file, "delivery.smtp.from", fault.to_string(), "mend the sender"))?;
    Ok(SmtpOptions {
        port: smtp.port,
        security,
        authorities: secrets.authorities,
        login: username.zip(secrets.password).map(|(username, password)| Login { username, password }),
        time_limit: smtp.timeout,
        max_idle: usize::try_from(smtp.pool_size).unwrap_or(usize::MAX),
        ..SmtpOptions::new(smtp.host.clone(), sender)
    })
}

fn mailbox_sender() -> Result<Sender, Failure> {
    let fault = |error: &dyn std::error::Error| Failure::Fault(error.to_string());
    let address = EmailAddress::parse(MAILBOX_SENDER).map_err(|error| fault(&error))?;
    Sender::new(&address, "Identity").map_err(|error| fault(&error))
}
