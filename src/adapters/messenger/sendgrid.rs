//! Email by SendGrid: `POST /v3/mail/send`.

mod events;

pub use events::{SendGridEvents, WrongKey};

use super::exchange::{self, Answer, HttpOptionFault};
use crate::{
    domain::{
        contact::EmailAddress,
        message::{Envelope, Handover},
        secret::{ExposeSecret as _, SecretString},
    },
    ports::messenger::Messenger,
};
use async_trait::async_trait;
use reqwest::{Client, StatusCode, Url, header::HeaderName};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// The name of the argument by which SendGrid's events tell our own id of a message.
pub const MESSAGE_ID_ARGUMENT: &str = "identity_message_id";

/// Where SendGrid is asked; accounts of its European region have another address.
pub const SENDGRID: &str = "https://api.sendgrid.com";

const SENDGRID_ID: HeaderName = HeaderName::from_static("x-message-id");

/// How to reach SendGrid.
pub struct SendGridOptions {
    /// An API key that may send mail and needs no other right.
    pub api_key: SecretString,
    /// The sender's address, which SendGrid has verified.
    pub from: EmailAddress,
    /// The sender's name; empty for none.
    pub from_name: String,
    /// The service's address without a path: https, or http on this machine.
    pub endpoint: String,
    /// Authorities in PEM that are trusted instead of the system's.
    pub authorities: Option<Vec<u8>>,
    /// How long one message may take, connecting included.
    pub time_limit: Duration,
}

impl SendGridOptions {
    /// The usual options.
    #[must_use]
    pub fn new(api_key: SecretString, from: EmailAddress) -> Self {
        Self {
            api_key,
            from,
            from_name: String::new(),
            endpoint: SENDGRID.to_owned(),
            authorities: None,
            time_limit: Duration::from_secs(10),
        }
    }
}

/// Hands emails to SendGrid. It counts no clicks and no openings: links stay as they are, and nothing is added.
pub struct SendGrid {
    client: Client,
    send: Url,
    options: SendGridOptions,
}

#[derive(Serialize)]
struct Mail<'a> {
    personalizations: [Personalization<'a>; 1],
    from: Address<'a>,
    subject: &'a str,
    content: [Content<'a>; 2],
    headers: BTreeMap<&'static str, &'static str>,
    custom_args: BTreeMap<&'static str, String>,
    tracking_settings: Tracking,
}

#[derive(Serialize)]
struct Personalization<'a> {
    to: [Address<'a>; 1],
}

#[derive(Serialize)]
struct Address<'a> {
    email: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
}

#[derive(Serialize)]
struct Content<'a> {
    r#type: &'static str,
    value: &'a str,
}

/// Whatever an account's own settings say.
#[derive(Default, Serialize)]
#[expect(clippy::struct_field_names, reason = "they are SendGrid's names")]
struct Tracking {
    click_tracking: Clicks,
    open_tracking: Switch,
    subscription_tracking: Switch,
    ganalytics: Switch,
}

#[derive(Default, Serialize)]
struct Clicks {
    enable: bool,
    enable_text: bool,
}

#[derive(Default, Serialize)]
struct Switch {
    enable: bool,
}

#[derive(Deserialize)]
struct Refusals {
    errors: Vec<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    field: Option<String>,
}

impl SendGrid {
    /// A messenger for SendGrid. Nothing is connected yet.
    ///
    /// # Errors
    /// Where the options do not hold.
    pub fn new(options: SendGridOptions) -> Result<Self, HttpOptionFault> {
        let endpoint = exchange::endpoint(&options.endpoint)?;
        let send = endpoint.join("/v3/mail/send").map_err(|_| HttpOptionFault::Address)?;
        let client = exchange::client(options.time_limit, options.authorities.as_deref(), |builder| builder)?;
        Ok(Self { client, send, options })
    }

    fn mail<'a>(&'a self, envelope: &'a Envelope) -> Mail<'a> {
        let message_id = envelope.message_id.to_string();
        Mail {
            personalizations: [Personalization { to: [Address { email: envelope.to.as_str(), name: "" }] }],
            from: Address { email: self.options.from.as_str(), name: &self.options.from_name },
            subject: &envelope.subject,
            content: [
                Content { r#type: "text/plain", value: &envelope.text },
                Content { r#type: "text/html", value: &envelope.html },
            ],
            headers: [("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All")].into(),
            custom_args: [(MESSAGE_ID_ARGUMENT, message_id)].into(),
            tracking_settings: Tracking::default(),
        }
    }
}

/// What the answer means for the message.
fn meaning(answer: &Answer) -> Handover {
    match answer.status {
        StatusCode::ACCEPTED => {
            let id = answer.header(&SENDGRID_ID).unwrap_or_default();
            Handover::Accepted { provider_message_id: exchange::kept_id(id) }
        }
        // In the sandbox, for which we never ask, or no SendGrid at all.
        StatusCode::OK => Handover::Misconfigured { reason: "NOT_QUEUED" },
        StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN => refused(answer),
        _ => answer.meaning(),
    }
}

/// The field that SendGrid names tells whose fault it is.
fn refused(answer: &Answer) -> Handover {
    let Ok(Refusals { errors }) = serde_json::from_slice(&answer.body) else { return answer.meaning() };
    let names = |start: &str| errors.iter().any(|error| error.field.as_deref().is_some_and(|f| f.starts_with(start)));
    if names("from") {
        Handover::Misconfigured { reason: "SENDER_REFUSED" }
    } else if names("personalizations.0.to") {
        Handover::Refused { reason: "RECIPIENT_REFUSED" }
    } else {
        answer.meaning()
    }
}

#[async_trait]
impl Messenger for SendGrid {
    fn name(&self) -> &'static str {
        "sendgrid"
    }

    fn time_limit(&self) -> Duration {
        self.options.time_limit
    }

    async fn hand_over(&self, envelope: &Envelope) -> Handover {
        let request = self.client.post(self.send.clone()).bearer_auth(self.options.api_key.expose_secret());
        let answer = exchange::exchange(request.json(&self.mail(envelope))).await;
        answer.map_or_else(|handover| handover, |answer| meaning(&answer))
    }
}
