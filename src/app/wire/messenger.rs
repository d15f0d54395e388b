//! Who carries messages.

use crate::{
    adapters::{
        counted::CountedMessenger,
        messenger::{
            Sender,
            mailbox::MailboxFolder,
            sendgrid::{self, SendGridEvents, SendGridOptions},
            smtp::{Login, Security, Smtp, SmtpOptions},
            twilio::{self, TwilioCallbacks, TwilioOptions},
            webhook::{SigningSecret, SystemLookup, Webhook, WebhookOptions},
        },
    },
    app::Failure,
    config::{
        Config,
        delivery::{self, EmailProvider, SmtpTls, TwilioSender},
        problem::{Problem, because},
        sms::SmsProvider,
    },
    domain::{
        contact::{Channel, EmailAddress},
        message::SmsEnvelope,
        secret::{ExposeSecret as _, SecretString},
    },
    engine::delivery::{Chain, Letter, Messengers, Provider, ReceiptSource, SmsRoute, WorkerOptions},
    ports::{clock::Clock, mailbox::Mailbox, messenger::Messenger, receipts::ReceiptReader},
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
    /// The providers that post what became of messages.
    pub(in crate::app) receipts: Vec<ReceiptSource>,
}

/// What one provider asks for.
#[derive(Default)]
pub(in crate::app) struct ProviderSecrets {
    /// The account's password, the API key or whatever else proves who we are.
    pub(in crate::app) secret: Option<SecretString>,
    /// The authorities that may sign its certificate, in PEM.
    pub(in crate::app) authorities: Option<Vec<u8>>,
    /// What signs its receipts, where that is another secret.
    pub(in crate::app) auth_token: Option<SecretString>,
}

/// What the providers ask for, in their order.
#[derive(Default)]
pub(in crate::app) struct DeliverySecrets {
    /// Those of emails.
    pub(in crate::app) email: Vec<ProviderSecrets>,
    /// Those of text messages.
    pub(in crate::app) sms: Vec<ProviderSecrets>,
}

impl Carrier {
    /// Makes it. Nothing is connected yet.
    ///
    /// # Errors
    /// Where the mailbox's folder cannot be made, or the options for a provider do not hold.
    pub(in crate::app) fn build(
        config: &Config,
        secrets: DeliverySecrets,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Failure> {
        let mut builder = Builder { config, clock, mailbox: None, receipts: Vec::new() };
        let mut email = Vec::new();
        for (provider, secrets) in config.delivery.providers.iter().zip(secrets.email) {
            email.push(named(provider, builder.email(provider, secrets)?));
        }
        let mut sms = Vec::new();
        for (provider, secrets) in config.sms.iter().flat_map(|sms| &sms.providers).zip(secrets.sms) {
            sms.push(named(provider, builder.sms(provider, secrets)?));
        }
        let share = share(email.len() + sms.len());
        let sms = config.sms.as_ref().map(|section| SmsRoute {
            chain: Arc::new(Chain::new(sms, share)),
            domain: section.domain.clone().unwrap_or_default(),
        });
        let mailbox = builder.mailbox.map(|folder| folder as Arc<dyn Mailbox>);
        let messengers = Messengers { email: Arc::new(Chain::new(email, share)), sms };
        Ok(Self { messengers, mailbox, receipts: builder.receipts })
    }
}

/// How many messages one of so many providers carries at a time: all where it is alone, else three quarters, so that one
/// that is slow leaves hands to the others.
fn share(providers: usize) -> usize {
    let hands = usize::try_from(WorkerOptions::default().concurrency).unwrap_or(usize::MAX);
    if providers > 1 { hands - hands / 4 } else { hands }
}

fn named<E: Letter, K>(provider: &delivery::Provider<K>, messenger: Arc<dyn Messenger<E>>) -> Provider<E>
where
    CountedMessenger<E>: Messenger<E> + 'static,
{
    Provider {
        name: provider.name.clone(),
        route: provider.route.clone(),
        messenger: Arc::new(CountedMessenger(messenger)),
    }
}

struct Builder<'a> {
    config: &'a Config,
    clock: Arc<dyn Clock>,
    mailbox: Option<Arc<MailboxFolder>>,
    receipts: Vec<ReceiptSource>,
}

impl Builder<'_> {
    fn email(
        &mut self,
        provider: &delivery::Provider<EmailProvider>,
        secrets: ProviderSecrets,
    ) -> Result<Arc<dyn Messenger>, Failure> {
        let place = provider.place.as_str();
        let wrong = |fault: &dyn std::error::Error| self.wrong(place, fault);
        Ok(match &provider.kind {
            EmailProvider::Mailbox { directory } => self.open(directory, "delivery.mailbox.directory")?,
            EmailProvider::Smtp(smtp) => {
                let options = self.smtp(place, smtp, secrets)?;
                Arc::new(Smtp::new(options).map_err(|fault| wrong(&fault))?)
            }
            EmailProvider::SendGrid(chosen) => {
                let endpoint = chosen.service.endpoint.clone();
                let options = SendGridOptions {
                    from_name: chosen.from_name.clone(),
                    endpoint: endpoint.unwrap_or_else(|| sendgrid::SENDGRID.to_owned()),
                    authorities: secrets.authorities,
                    time_limit: chosen.service.timeout,
                    ..SendGridOptions::new(secrets.secret.unwrap_or_default(), chosen.from.clone())
                };
                let messenger = sendgrid::SendGrid::new(options).map_err(|fault| wrong(&fault))?;
                if let Some(key) = &chosen.receipts {
                    let place = format!("{place}.receipts.public_key");
                    let reader = SendGridEvents::new(key).map_err(|fault| self.wrong(&place, &fault))?;
                    self.hear(Channel::Email, &provider.name, Arc::new(reader));
                }
                Arc::new(messenger)
            }
            EmailProvider::Webhook(chosen) => Arc::new(self.webhook(place, chosen, secrets)?),
        })
    }

    fn sms(
        &mut self,
        provider: &delivery::Provider<SmsProvider>,
        secrets: ProviderSecrets,
    ) -> Result<Arc<dyn Messenger<SmsEnvelope>>, Failure> {
        let place = provider.place.as_str();
        Ok(match &provider.kind {
            SmsProvider::Mailbox { directory } => self.open(directory, "delivery.sms.mailbox.directory")?,
            SmsProvider::Twilio(chosen) => {
                let endpoint = chosen.service.endpoint.clone();
                let secret = secrets.secret.unwrap_or_default();
                if let Some(receipts) = &chosen.receipts {
                    let token = secrets.auth_token.as_ref().unwrap_or(&secret);
                    let reader = TwilioCallbacks::new(receipts.url.clone(), token);
                    self.hear(Channel::Sms, &provider.name, Arc::new(reader));
                }
                let options = TwilioOptions {
                    account_sid: chosen.account_sid.clone(),
                    user: chosen.api_key_sid.clone().unwrap_or_else(|| chosen.account_sid.clone()),
                    secret,
                    sender: match &chosen.sender {
                        TwilioSender::From(from) => twilio::TwilioSender::From(from.clone()),
                        TwilioSender::MessagingService(sid) => twilio::TwilioSender::MessagingService(sid.clone()),
                    },
                    status_callback: chosen.receipts.as_ref().map(|receipts| receipts.url.clone()),
                    endpoint: endpoint.unwrap_or_else(|| twilio::TWILIO.to_owned()),
                    authorities: secrets.authorities,
                    time_limit: chosen.service.timeout,
                    clock: self.clock.clone(),
                };
                Arc::new(twilio::Twilio::new(options).map_err(|fault| self.wrong(place, &fault))?)
            }
            SmsProvider::Webhook(chosen) => Arc::new(self.webhook(place, chosen, secrets)?),
        })
    }

    fn webhook(&self, place: &str, chosen: &delivery::Webhook, secrets: ProviderSecrets) -> Result<Webhook, Failure> {
        let secret = secrets.secret.unwrap_or_default();
        let secret = SigningSecret::parse(secret.expose_secret());
        let options = WebhookOptions {
            url: chosen.url.clone(),
            secret: secret.map_err(|_| self.bad_secret(place))?,
            allowed_networks: chosen.allowed_networks.clone(),
            authorities: secrets.authorities,
            time_limit: chosen.timeout,
            lookup: Arc::new(SystemLookup),
            clock: self.clock.clone(),
        };
        Webhook::new(options).map_err(|fault| self.wrong(place, &fault))
    }

    /// Takes what the provider posts.
    fn hear(&mut self, channel: Channel, name: &str, reader: Arc<dyn ReceiptReader>) {
        self.receipts.push(ReceiptSource::new(channel, name.to_owned(), reader));
    }

    fn bad_secret(&self, place: &str) -> Failure {
        let remedy =
            "write what `echo whsec_$(openssl rand -base64 32)` prints into that file, and have the receiver know it";
        let what = "names a file that does not hold whsec_ and the base64 of 24 to 64 bytes";
        Problem::of_file(&self.config.file, &format!("{place}.secret_file"), what, remedy).into()
    }

    fn wrong(&self, place: &str, fault: &dyn std::error::Error) -> Failure {
        Problem::of_file(&self.config.file, place, fault.to_string(), "mend this section").into()
    }

    /// Opens the mailbox, which is one for all channels.
    fn open(&mut self, directory: &Path, key: &str) -> Result<Arc<MailboxFolder>, Failure> {
        if let Some(folder) = &self.mailbox {
            return Ok(folder.clone());
        }
        let folder = MailboxFolder::open(directory.to_owned(), mailbox_sender()?).map_err(|error| {
            let what = format!("cannot be made: {}", because(&error));
            Problem::of_file(directory, key, what, "name a folder that this user can write")
        })?;
        Ok(self.mailbox.insert(Arc::new(folder)).clone())
    }

    /// The options for a mail server.
    fn smtp(&self, place: &str, smtp: &delivery::Smtp, secrets: ProviderSecrets) -> Result<SmtpOptions, Failure> {
        let security = match smtp.tls {
            SmtpTls::Implicit => Security::Tls,
            SmtpTls::StartTls => Security::StartTls,
            SmtpTls::DisableOnLoopback => Security::PlainOnLoopback,
            SmtpTls::DisableOnTrustedNetwork => Security::PlainAnywhere,
        };
        let username = smtp.account.as_ref().map(|(user, _)| user.clone());
        let sender = Sender::new(&smtp.from, &smtp.from_name).map_err(|fault| {
            Problem::of_file(&self.config.file, &format!("{place}.from"), fault.to_string(), "mend the sender")
        })?;
        Ok(SmtpOptions {
            port: smtp.port,
            security,
            authorities: secrets.authorities,
            login: username.zip(secrets.secret).map(|(username, password)| Login { username, password }),
            time_limit: smtp.timeout,
            max_idle: usize::try_from(smtp.pool_size).unwrap_or(usize::MAX),
            ..SmtpOptions::new(smtp.host.clone(), sender)
        })
    }
}

fn mailbox_sender() -> Result<Sender, Failure> {
    let fault = |error: &dyn std::error::Error| Failure::Fault(error.to_string());
    let address = EmailAddress::parse(MAILBOX_SENDER).map_err(|error| fault(&error))?;
    Sender::new(&address, "Identity").map_err(|error| fault(&error))
}
