//! Text messages by Twilio: `POST /2010-04-01/Accounts/{AccountSid}/Messages.json`.

mod callback;
mod codes;

pub use callback::TwilioCallbacks;

use super::exchange::{self, Answer, HttpOptionFault};
use crate::{
    domain::{
        message::{Handover, SmsEnvelope},
        secret::{ExposeSecret as _, SecretString},
    },
    ports::{clock::Clock, messenger::Messenger},
};
use async_trait::async_trait;
use reqwest::{Client, StatusCode, Url};
use serde::Deserialize;
use std::{sync::Arc, time::Duration};

/// Where Twilio is asked; its other regions have other addresses.
pub const TWILIO: &str = "https://api.twilio.com";

/// The longest time that Twilio keeps a message for, in seconds.
const MAX_VALIDITY: u64 = 14_400;

/// Whom a text message comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TwilioSender {
    /// A number in the form of E.164, a short code or an alphanumeric sender.
    From(String),
    /// A messaging service, which has numbers of its own.
    MessagingService(String),
}

/// How to reach Twilio.
pub struct TwilioOptions {
    /// The account.
    pub account_sid: String,
    /// The API key's SID; the account's own where its token is the secret.
    pub user: String,
    /// The API key's secret, or the account's token.
    pub secret: SecretString,
    /// Whom messages come from.
    pub sender: TwilioSender,
    /// Where Twilio tells what became of a message: an absolute URL without a query, to which the message's id is added;
    /// `None` where it is not asked to.
    pub status_callback: Option<String>,
    /// The service's address without a path: https, or http on this machine.
    pub endpoint: String,
    /// Authorities in PEM that are trusted instead of the system's.
    pub authorities: Option<Vec<u8>>,
    /// How long one message may take, connecting included.
    pub time_limit: Duration,
    /// The clock by which a message's life is counted.
    pub clock: Arc<dyn Clock>,
}

/// Hands text messages to Twilio. Twilio knows no repeated request: a second try after a lost answer may be a second
/// message.
pub struct Twilio {
    client: Client,
    messages: Url,
    options: TwilioOptions,
}

/// What Twilio answers, as far as it counts: a message, or an error.
#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    sid: Option<String>,
    /// A message's state; an error has its HTTP status there.
    #[serde(default)]
    status: serde_json::Value,
    #[serde(default)]
    code: Option<u32>,
    #[serde(default)]
    error_code: Option<u32>,
}

impl Twilio {
    /// A messenger for Twilio. Nothing is connected yet.
    ///
    /// # Errors
    /// Where the options do not hold.
    pub fn new(options: TwilioOptions) -> Result<Self, HttpOptionFault> {
        let mut messages = exchange::endpoint(&options.endpoint)?;
        let account = options.account_sid.as_str();
        messages.path_segments_mut().map_err(|()| HttpOptionFault::Address)?.clear().extend([
            "2010-04-01",
            "Accounts",
            account,
            "Messages.json",
        ]);
        let client = exchange::client(options.time_limit, options.authorities.as_deref(), |builder| builder)?;
        Ok(Self { client, messages, options })
    }

    fn form<'a>(&'a self, envelope: &'a SmsEnvelope) -> Vec<(&'static str, &'a str)> {
        let sender = match &self.options.sender {
            TwilioSender::From(from) => ("From", from.as_str()),
            TwilioSender::MessagingService(service) => ("MessagingServiceSid", service.as_str()),
        };
        vec![("To", envelope.to.as_str()), sender, ("Body", &envelope.text)]
    }
}

/// What the answer means for the message. Twilio's own code counts more than the status.
fn meaning(answer: &Answer) -> Handover {
    let Ok(said) = serde_json::from_slice::<Said>(&answer.body) else {
        return answer.meaning();
    };
    if answer.status == StatusCode::CREATED
        && let Some(sid) = said.sid
    {
        let failed = matches!(said.status.as_str(), Some("failed" | "undelivered" | "canceled"));
        let refusal = said.error_code.and_then(codes::meaning);
        return match (failed, refusal) {
            (false, _) => Handover::Accepted { provider_message_id: exchange::kept_id(&sid) },
            (true, Some(refusal)) => refusal,
            (true, None) => Handover::Refused { reason: "MESSAGE_REFUSED" },
        };
    }
    said.code.and_then(codes::meaning).unwrap_or_else(|| answer.meaning())
}

#[async_trait]
impl Messenger<SmsEnvelope> for Twilio {
    fn name(&self) -> &'static str {
        "twilio"
    }

    fn time_limit(&self) -> Duration {
        self.options.time_limit
    }

    async fn hand_over(&self, envelope: &SmsEnvelope) -> Handover {
        let left = envelope.expire_time.since(self.options.clock.now()).as_secs().clamp(1, MAX_VALIDITY).to_string();
        let mut form = self.form(envelope);
        form.push(("ValidityPeriod", &left));
        let callback = self.options.status_callback.as_deref().map(|url| callback::address(url, envelope.message_id));
        form.extend(callback.iter().map(|url| ("StatusCallback", url.as_str())));
        let secret = self.options.secret.expose_secret();
        let request = self.client.post(self.messages.clone()).basic_auth(&self.options.user, Some(secret)).form(&form);
        exchange::exchange(request).await.map_or_else(|handover| handover, |answer| meaning(&answer))
    }
}
