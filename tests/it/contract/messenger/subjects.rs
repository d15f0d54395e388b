//! Every provider, each before a double of its own that does as it is told.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use identity::adapters::messenger::sendgrid::{SendGrid, SendGridOptions};
use identity::adapters::messenger::twilio::{Twilio, TwilioOptions, TwilioSender};
use identity::adapters::messenger::webhook::{SigningSecret, SystemLookup, Webhook, WebhookOptions};
use identity::adapters::system::{SystemClock, SystemEntropy};
use identity::domain::contact::{EmailAddress, PhoneNumber};
use identity::domain::id::MessageId;
use identity::domain::message::{Handover, SmsEnvelope};
use identity::domain::secret::SecretString;
use identity::ports::clock::Clock;
use identity::ports::entropy::Entropy;
use identity::ports::messenger::Messenger;

use crate::support::certificates;
use crate::support::providers::protocols::{ACCOUNT_SID, API_KEY, API_KEY_SID, API_SECRET, WEBHOOK_SECRET};
use crate::support::providers::{Protocol, ProviderServer};

use super::envelope;

/// How long one message may take here.
pub(super) const LIMIT: Duration = Duration::from_secs(2);

/// A provider over HTTP on one of its channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provider {
    SendGrid,
    Twilio,
    WebhookEmail,
    WebhookSms,
}

impl Provider {
    pub(super) const ALL: [Self; 4] = [Self::SendGrid, Self::Twilio, Self::WebhookEmail, Self::WebhookSms];

    pub(super) const fn protocol(self) -> Protocol {
        match self {
            Self::SendGrid => Protocol::SendGrid,
            Self::Twilio => Protocol::Twilio,
            Self::WebhookEmail | Self::WebhookSms => Protocol::Webhook,
        }
    }

    /// The provider's messenger for `endpoint`.
    pub(super) fn at(self, endpoint: &str) -> Either {
        match self {
            Self::SendGrid => Either::Email(Arc::new(SendGrid::new(sendgrid(endpoint)).unwrap())),
            Self::Twilio => Either::Sms(Arc::new(Twilio::new(twilio(endpoint)).unwrap())),
            Self::WebhookEmail => Either::Email(Arc::new(Webhook::new(webhook(endpoint)).unwrap())),
            Self::WebhookSms => Either::Sms(Arc::new(Webhook::new(webhook(endpoint)).unwrap())),
        }
    }
}

/// A messenger of either channel.
pub(super) enum Either {
    Email(Arc<dyn Messenger>),
    Sms(Arc<dyn Messenger<SmsEnvelope>>),
}

impl Either {
    /// Hands a message over to somebody, within the limit and a little.
    pub(super) fn hand_over(&self) -> BoxFuture<'_, Handover> {
        Box::pin(async {
            match self {
                Self::Email(messenger) => messenger.hand_over(&envelope("ada@example.com")).await,
                Self::Sms(messenger) => messenger.hand_over(&text("123456 is your code")).await,
            }
        })
    }
}

/// A text message to somebody.
pub(super) fn text(text: &str) -> SmsEnvelope {
    SmsEnvelope {
        message_id: MessageId::new(SystemEntropy.uuid()),
        to: PhoneNumber::parse("+491761234567").unwrap(),
        text: text.to_owned(),
        create_time: SystemClock.now(),
        expire_time: SystemClock.now().after(Duration::from_mins(5)),
    }
}

fn authorities(endpoint: &str) -> Option<Vec<u8>> {
    endpoint.starts_with("https").then(|| fs::read(&certificates::localhost().authority).unwrap())
}

pub(super) fn sendgrid(endpoint: &str) -> SendGridOptions {
    let mut options =
        SendGridOptions::new(SecretString::from(API_KEY), EmailAddress::parse("no-reply@example.org").unwrap());
    options.from_name = "Søn, \"Shop\" <x>".to_owned();
    options.endpoint = endpoint.to_owned();
    options.authorities = authorities(endpoint);
    options.time_limit = LIMIT;
    options
}

pub(super) fn twilio(endpoint: &str) -> TwilioOptions {
    TwilioOptions {
        account_sid: ACCOUNT_SID.to_owned(),
        user: API_KEY_SID.to_owned(),
        secret: SecretString::from(API_SECRET),
        sender: TwilioSender::From("+15005550006".to_owned()),
        status_callback: Some("https://id.example.com/receipts/twilio".to_owned()),
        endpoint: endpoint.to_owned(),
        authorities: authorities(endpoint),
        time_limit: LIMIT,
        clock: Arc::new(SystemClock),
    }
}

pub(super) fn webhook(endpoint: &str) -> WebhookOptions {
    WebhookOptions {
        url: format!("{endpoint}/messages"),
        secret: SigningSecret::parse(WEBHOOK_SECRET).unwrap(),
        allowed_networks: vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()],
        authorities: authorities(endpoint),
        time_limit: LIMIT,
        lookup: Arc::new(SystemLookup),
        clock: Arc::new(SystemClock),
    }
}

/// A provider and its double.
pub(super) async fn facing(provider: Provider) -> (Either, ProviderServer) {
    let server = ProviderServer::start(provider.protocol()).await;
    (provider.at(&server.endpoint()), server)
}
