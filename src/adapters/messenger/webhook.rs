//! Emails and text messages to a service of the operator's own, in the form of Standard Webhooks.

mod reach;
mod signature;

pub use reach::{Lookup, SystemLookup};
pub use signature::{SigningSecret, WrongSecret};

use super::exchange::{self, Answer, HttpOptionFault};
use crate::{
    domain::{
        id::MessageId,
        message::{Envelope, Handover, SmsEnvelope},
        time::Timestamp,
    },
    ports::{clock::Clock, messenger::Messenger},
};
use async_trait::async_trait;
use ipnet::IpNet;
use reach::Reach;
use reqwest::{Client, StatusCode, Url, header::CONTENT_TYPE};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// How to reach the receiver.
pub struct WebhookOptions {
    /// Its whole address: https, or http where it is on this machine and that is permitted.
    pub url: String,
    /// What requests are signed with.
    pub secret: SigningSecret,
    /// Networks that are not public and may be dialled all the same, for development.
    pub allowed_networks: Vec<IpNet>,
    /// Authorities in PEM that are trusted instead of the system's.
    pub authorities: Option<Vec<u8>>,
    /// How long one message may take, connecting included.
    pub time_limit: Duration,
    /// Who knows the addresses of hosts.
    pub lookup: Arc<dyn Lookup>,
    /// The clock that signatures tell.
    pub clock: Arc<dyn Clock>,
}

/// Hands messages to a receiver. An address that is not of the public internet is not dialled, whatever name leads to it,
/// and the address that was judged is the one that is dialled.
pub struct Webhook {
    client: Client,
    url: Url,
    secret: SigningSecret,
    clock: Arc<dyn Clock>,
    time_limit: Duration,
}

/// The body of a request: the form that Standard Webhooks recommends.
#[derive(Serialize)]
struct Event<'a> {
    r#type: &'static str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    message_id: String,
    to: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    html: Option<&'a str>,
    expire_time: String,
}

/// What a receiver may say of a message that it took.
#[derive(Deserialize)]
struct Taken {
    #[serde(default)]
    id: String,
}

impl Webhook {
    /// A messenger for the receiver. Nothing is connected yet.
    ///
    /// # Errors
    /// Where the options do not hold, such as for an address that may not be dialled.
    pub fn new(options: WebhookOptions) -> Result<Self, HttpOptionFault> {
        let url = exchange::endpoint(&options.url)?;
        let reach = Reach::new(options.allowed_networks, options.lookup);
        if !reach.permits_host(&url) {
            return Err(HttpOptionFault::NotPublic);
        }
        let authorities = options.authorities.as_deref();
        let client = exchange::client(options.time_limit, authorities, |builder| builder.dns_resolver(reach))?;
        Ok(Self { client, url, secret: options.secret, clock: options.clock, time_limit: options.time_limit })
    }

    async fn post(&self, message_id: MessageId, event: &Event<'_>) -> Handover {
        let Ok(body) = serde_json::to_vec(event) else { return Handover::Refused { reason: "MESSAGE_REFUSED" } };
        // The same for each try of a message, so that a receiver takes it once.
        let id = message_id.to_string();
        let seconds = self.clock.now().seconds();
        let signature = self.secret.sign(&id, seconds, &body);
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signature)
            .body(body);
        exchange::exchange(request).await.map_or_else(|handover| handover, |answer| meaning(&answer))
    }
}

/// What the answer means for the message.
fn meaning(answer: &Answer) -> Handover {
    match answer.status {
        // Of success the standard knows one kind, whatever the body says.
        status if status.is_success() => {
            let taken = serde_json::from_slice(&answer.body).unwrap_or(Taken { id: String::new() });
            Handover::Accepted { provider_message_id: exchange::kept_id(&taken.id) }
        }
        StatusCode::UNPROCESSABLE_ENTITY => Handover::Refused { reason: "RECIPIENT_REFUSED" },
        StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS => Handover::Unserved { reason: "DESTINATION_NOT_SERVED" },
        _ => answer.meaning(),
    }
}

fn event<'a>(kind: &'static str, create_time: Timestamp, data: Data<'a>) -> Event<'a> {
    Event { r#type: kind, timestamp: create_time.to_string(), data }
}

#[async_trait]
impl Messenger for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn time_limit(&self) -> Duration {
        self.time_limit
    }

    async fn hand_over(&self, envelope: &Envelope) -> Handover {
        let data = Data {
            message_id: envelope.message_id.to_string(),
            to: envelope.to.as_str(),
            subject: Some(&envelope.subject),
            text: &envelope.text,
            html: Some(&envelope.html),
            expire_time: envelope.expire_time.to_string(),
        };
        self.post(envelope.message_id, &event("email.send", envelope.create_time, data)).await
    }
}

#[async_trait]
impl Messenger<SmsEnvelope> for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn time_limit(&self) -> Duration {
        self.time_limit
    }

    async fn hand_over(&self, envelope: &SmsEnvelope) -> Handover {
        let data = Data {
            message_id: envelope.message_id.to_string(),
            to: envelope.to.as_str(),
            subject: None,
            text: &envelope.text,
            html: None,
            expire_time: envelope.expire_time.to_string(),
        };
        self.post(envelope.message_id, &event("sms.send", envelope.create_time, data)).await
    }
}
